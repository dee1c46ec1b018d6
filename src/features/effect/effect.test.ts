import { describe, expect, it } from 'vitest';
import { startServer } from '../../../test/support/server-harness.ts';
import { ServerCluster } from '../../../test/support/server-cluster.ts';
import { channel, stream } from '../../server/define-stream.ts';
import { effect } from './define-effect.ts';
import type { EffectContext, EffectOptions } from './plan.ts';

const ORDERS = ['orders'];

/** An effect that writes down what it was given. */
function recorder(options: EffectOptions = {}, onEvent: (data: number, ctx: EffectContext) => unknown = () => {}) {
	const seen: number[] = [];
	const contexts: EffectContext[] = [];
	const record = effect<number>(
		['orders'],
		async (_event, data, ctx) => {
			seen.push(data);
			contexts.push(ctx);
			await onEvent(data, ctx);
		},
		options
	);
	return { seen, contexts, modules: { m: { record } } };
}

describe('an effect', () => {
	it.each([
		['nothing', /not empty/, () => effect([], () => {})],
		['no list', /list of topics/, () => effect('orders' as never, () => {})],
		['a part that is none', /part of type object/, () => effect([[{}]] as never, () => {})],
		['what is no topic', /is no topic/, () => effect([5] as never, () => {})],
		['no function', /takes a function/, () => effect(['orders'], 5 as never)],
		['no time', /"timeoutMs" .* not 0/, () => effect(['orders'], () => {}, { timeoutMs: 0 })]
	])('of %s is refused where it stands', (...[, why, make]) => {
		expect(make).toThrow(why);
	});

	it('runs for every event, in order, one after another', async () => {
		const waits: (() => void)[] = [];
		const { seen, modules } = recorder({}, () => new Promise<void>((resolve) => waits.push(resolve)));
		const { server, clock } = await startServer(modules);
		for (const data of [1, 2, 3]) await server.publisher.publish(ORDERS, 'created', data);
		await clock.settle();
		expect(seen).toEqual([1]);
		for (let index = 0; index < 3; index++) {
			waits[index]?.();
			await clock.settle();
		}
		expect(seen).toEqual([1, 2, 3]);
	});

	it('sees what is published as soon as the server has started, and nothing from before', async () => {
		const { memory } = await import('../../backplanes/memory/memory.ts');
		const backplane = memory();
		backplane.append('orders' as never, '"created",0');
		const { seen, modules } = recorder();
		const { server, clock } = await startServer(modules, { backplane });
		void server.publisher.publish(ORDERS, 'created', 1);
		await clock.settle();
		expect(seen).toEqual([1]);
	});

	it('reads streams, their topics and ephemeral ones', async () => {
		const cards = stream(['cards'], () => [{ id: 1 }]);
		const typing = channel<{ key: string }>()('typing', { merge: 'presence' });
		const seen: unknown[] = [];
		const watch = effect([cards, typing.topic()], (event, data) => void seen.push([event, data]));
		const { server, clock } = await startServer({ m: { cards, typing, watch } });
		await server.publisher.publish(cards.topic(), 'created', { id: 1 });
		await server.publisher.publish(typing.topic(), 'join', { key: 'ann' });
		await clock.settle();
		expect(seen).toEqual([
			['created', { id: 1 }],
			['join', { key: 'ann' }]
		]);
	});

	it('that throws is reported with its path and context, and keeps neither itself nor others from going on', async () => {
		const { seen, modules } = recorder({}, (data) => {
			if (data === 1) throw new Error('mail is down');
		});
		const other = recorder();
		const reports: unknown[] = [];
		const { server, clock } = await startServer(
			{ ...modules, n: other.modules.m },
			{ onError: (path, error, context) => void reports.push([path, (error as Error).message, context?.path]) }
		);
		for (const data of [1, 2]) await server.publisher.publish(ORDERS, 'created', data);
		await clock.settle();
		expect(seen).toEqual([1, 2]);
		expect(other.seen).toEqual([1, 2]);
		expect(reports).toEqual([['m/record', 'mail is down', 'm/record']]);
	});

	it('is tried again as often as it says, and then the next event follows', async () => {
		const { contexts, modules } = recorder({ retries: 2 }, (data) => {
			if (data === 1) throw new Error('no');
		});
		const { server, clock, errors } = await startServer(modules);
		for (const data of [1, 2]) await server.publisher.publish(ORDERS, 'created', data);
		await clock.advance(60_000);
		expect(contexts.map(({ attempt, id }) => [attempt, id])).toEqual([
			[1, 'orders e.0:1'],
			[2, 'orders e.0:1'],
			[3, 'orders e.0:1'],
			[1, 'orders e.0:2']
		]);
		expect(errors).toHaveLength(3);
	});

	it('that hangs is aborted after its time, and the next event follows', async () => {
		const { seen, contexts, modules } = recorder({ timeoutMs: 5_000 }, (data) =>
			data === 1 ? new Promise(() => {}) : undefined
		);
		const { server, clock, errors } = await startServer(modules);
		for (const data of [1, 2]) await server.publisher.publish(ORDERS, 'created', data);
		await clock.advance(4_999);
		expect(seen).toEqual([1]);
		await clock.advance(1);
		expect(seen).toEqual([1, 2]);
		expect(contexts[0]?.abortSignal.aborted).toBe(true);
		expect(errors).toMatchObject([{ path: 'm/record', error: { code: 'TIMEOUT', message: /timeoutMs.*5000/ } }]);
	});

	it('publishes, and is done when that is in its log', async () => {
		const copy = effect<number>(['orders'], (event, data, ctx) => ctx.publish('copies', event, data + 1));
		const { seen, modules } = recorder();
		const second = effect<number>(['copies'], (_event, data) => void seen.push(data));
		const { server, clock } = await startServer({ ...modules, n: { copy, second } });
		await server.publisher.publish(ORDERS, 'created', 1);
		await clock.settle();
		expect(seen).toEqual([1, 2]);
	});

	it('says which events it cannot see any more, and goes on with those that follow', async () => {
		const { memory } = await import('../../backplanes/memory/memory.ts');
		let release = (): void => {};
		const { seen, modules } = recorder({}, () => new Promise<void>((resolve) => (release = resolve)));
		const { server, clock, errors } = await startServer(modules, { backplane: memory({ epoch: 'e', events: 2 }) });
		for (const data of [1, 2, 3, 4, 5]) {
			await server.publisher.publish(ORDERS, 'created', data);
			await clock.settle();
		}
		release();
		await clock.settle();
		await server.publisher.publish(ORDERS, 'created', 6);
		await clock.settle();
		expect(errors).toMatchObject([
			{ path: 'm/record', error: { name: 'LostEvents', topic: 'orders', after: { epoch: 'e.0', offset: 1 } } }
		]);
		expect(seen).toEqual([1, 6]);
	});

	it('keeps so many broadcasts and no more, and says so', async () => {
		const typing = channel<{ key: string }>()('typing', { merge: 'latest' });
		const seen: unknown[] = [];
		let release = (): void => {};
		const watch = effect(
			[typing],
			async (_event, data) => {
				seen.push(data.key);
				await new Promise<void>((resolve) => (release = resolve));
			},
			{ maxWaiting: 2 }
		);
		const { server, clock, errors } = await startServer({ m: { typing, watch } });
		for (const key of ['a', 'b', 'c', 'd', 'e']) {
			await server.publisher.publish(typing.topic(), 'typing', { key });
			await clock.settle();
		}
		for (let index = 0; index < 3; index++) {
			release();
			await clock.settle();
		}
		expect(seen).toEqual(['a', 'd', 'e']);
		expect(errors).toMatchObject([{ error: { code: 'TOO_MANY', message: /more than 2 .*maxWaiting/ } }]);
	});

	it('handles everything before a server that is alone ends', async () => {
		const { seen, modules } = recorder({}, (data) => (data === 1 ? gate.promise : undefined));
		const gate = Promise.withResolvers<void>();
		const { server, clock } = await startServer(modules);
		for (const data of [1, 2, 3]) await server.publisher.publish(ORDERS, 'created', data);
		await clock.settle();
		const drained = server.drain();
		gate.resolve();
		await clock.settle();
		await drained;
		expect(seen).toEqual([1, 2, 3]);
	});
});

describe('in several processes', () => {
	it('one handles each event', async () => {
		const { seen, modules } = recorder();
		const cluster = new ServerCluster({ modules });
		const servers = [await cluster.start(), await cluster.start(), await cluster.start()];
		for (const [index, { server }] of servers.entries()) await server.publisher.publish(ORDERS, 'created', index);
		await cluster.clock.advance(30_000);
		expect(seen).toEqual([0, 1, 2]);
	});

	it('a process that is killed is followed by another one, which repeats what ran and nothing else', async () => {
		const { contexts, seen, modules } = recorder({}, (data) =>
			data === 2 && seen.length === 2 ? new Promise(() => {}) : undefined
		);
		const cluster = new ServerCluster({ modules });
		const [one, other] = [await cluster.start(), await cluster.start()];
		for (const data of [1, 2, 3]) await other.server.publisher.publish(ORDERS, 'created', data);
		await cluster.clock.advance(100);
		one.kill();
		await cluster.clock.advance(10_000);
		await other.server.publisher.publish(ORDERS, 'created', 4);
		await cluster.clock.advance(1_000);
		expect(seen).toEqual([1, 2, 2, 3, 4]);
		expect(contexts[1]?.id).toBe(contexts[2]?.id);
	});

	it('an event that may be handled once only is left out where its process was killed', async () => {
		const { seen, modules } = recorder({ atMostOnce: true }, (data) =>
			data === 2 ? new Promise(() => {}) : undefined
		);
		const cluster = new ServerCluster({ modules });
		const [one, other] = [await cluster.start(), await cluster.start()];
		for (const data of [1, 2, 3]) await other.server.publisher.publish(ORDERS, 'created', data);
		await cluster.clock.advance(100);
		one.kill();
		await cluster.clock.advance(10_000);
		expect(seen).toEqual([1, 2, 3]);
		expect(other.errors).toEqual([]);
	});

	it('a process that was cut off is aborted before another one takes over, and does nothing when it is back', async () => {
		const { contexts, seen, modules } = recorder({ timeoutMs: 60_000 }, (data, ctx) =>
			data === 1 && seen.length === 1
				? new Promise((_, reject) => ctx.abortSignal.addEventListener('abort', () => reject(new Error('late'))))
				: undefined
		);
		const cluster = new ServerCluster({ modules });
		const [one, other] = [await cluster.start(), await cluster.start()];
		for (const data of [1, 2]) await other.server.publisher.publish(ORDERS, 'created', data);
		await cluster.clock.advance(100);
		one.cutOff();
		await cluster.clock.advance(5_000);
		expect(seen).toEqual([1]);
		await cluster.clock.advance(500);
		expect(contexts[0]?.abortSignal.aborted).toBe(true);
		await cluster.clock.advance(20_000);
		expect(seen).toEqual([1, 1, 2]);
	});

	it('a server that ends hands over at once, and leaves to the next one what it has not begun', async () => {
		const gate = Promise.withResolvers<void>();
		const { seen, modules } = recorder({}, (data) => (data === 1 ? gate.promise : undefined));
		const cluster = new ServerCluster({ modules });
		const [one, other] = [await cluster.start(), await cluster.start()];
		for (const data of [1, 2]) await other.server.publisher.publish(ORDERS, 'created', data);
		await cluster.clock.advance(100);
		const drained = one.server.drain();
		gate.resolve();
		await cluster.clock.advance(10);
		expect(seen).toEqual([1]);
		await cluster.clock.advance(2_000);
		expect(seen).toEqual([1, 2]);
		await drained;
		expect([...one.errors, ...other.errors]).toEqual([]);
	});

	it('an effect begins where its topic stood when its server started, whenever it gets to lead', async () => {
		const { seen, modules } = recorder();
		const cluster = new ServerCluster({ modules });
		await cluster.log.store.put('lease/effect m/record', 'somebody', { ttlMs: 5_000 });
		const { server } = await cluster.start();
		await server.publisher.publish(ORDERS, 'created', 1);
		await cluster.clock.advance(10_000);
		expect(seen).toEqual([1]);
	});

	it('nothing is lost or doubled where the network loses, repeats and delays', async () => {
		const { seen, modules } = recorder();
		const faults = { lose: 0.3, repeat: 0.3, failRead: 0.2, maxDelayMs: 0 };
		const cluster = new ServerCluster({ modules, faults });
		const servers = [await cluster.start(), await cluster.start()];
		for (let data = 0; data < 100; data++) {
			await servers[data % 2]?.server.publisher.publish(ORDERS, 'created', data);
			await cluster.clock.advance(100);
		}
		await cluster.clock.advance(60_000);
		expect(seen).toEqual(Array.from({ length: 100 }, (_, data) => data));
	});
});
