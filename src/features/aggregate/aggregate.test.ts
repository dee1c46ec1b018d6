import { describe, expect, it } from 'vitest';
import { startServer, type FakeClient, type Harness } from '../../../test/support/server-harness.ts';
import { ServerCluster } from '../../../test/support/server-cluster.ts';
import { memory } from '../../backplanes/memory/memory.ts';
import { decodeEventBody } from '../../protocol/stream.ts';
import type { Position } from '../../protocol/position.ts';
import { encodeTopic } from '../../protocol/topic.ts';
import type { ReadResult } from '../../server/backplane.ts';
import { channel, stream } from '../../server/define-stream.ts';
import { aggregate, type AggregateOptions } from './define-aggregate.ts';
import type { State, WindowOption } from './plan.ts';

const OUTPUT = encodeTopic(['aggregate', 'm/stats']);

const values = (client: FakeClient): unknown[] =>
	client.of('event').flatMap(({ event, data }) => (event === 'set' ? [data] : []));

const order = (harness: Pick<Harness, 'server'>, amount: number): Promise<void> =>
	Promise.resolve(harness.server.publisher.publish('orders', 'created', { amount }));

const statsOf = (options: AggregateOptions = {}) =>
	aggregate(
		'orders',
		{
			count: { init: () => 0, reduce: (count, event) => (event === 'created' ? count + 1 : count) },
			total: { init: () => 0, reduce: (total, _event, data: { amount: number }) => total + data.amount },
			average: { compute: ({ count, total }) => (count > 0 ? total / count : 0) }
		},
		options
	);

describe('an aggregate', () => {
	const count = { init: () => 0, reduce: (value: number) => value + 1 };
	it.each([
		['of nothing', /not empty/, () => aggregate([], { count })],
		['without fields', /at least one field/, () => aggregate('a', {})],
		[
			'with a field of no kind',
			/"x" needs init and reduce/,
			() => aggregate('a', { x: { init: () => 0 } as never })
		],
		[
			'with the name of its window',
			/"window" of its own/,
			() => aggregate('a', { window: count }, { window: { tumbling: 1 } })
		],
		['with a window of no length', /"tumbling"/, () => aggregate('a', { count }, { window: { tumbling: 0 } })],
		['with half a step', /"steps".*0.5/, () => aggregate('a', { count }, { window: { sliding: 9, steps: 0.5 } })],
		[
			'that loads a window',
			/no "load"/,
			() => aggregate('a', { count }, { window: { sliding: 9 }, load: () => ({}) })
		],
		['with an empty topic', /topic is empty/, () => aggregate('a', { count }, { topic: '' })]
	])('%s is refused where it stands', (...[, why, make]) => {
		expect(make).toThrow(why);
	});

	it('is changed by every event, and whoever opens it gets it as it is', async () => {
		const harness = await startServer({ m: { stats: statsOf({ topic: 'order-stats' }) } });
		const { connect, clock } = harness;
		await order(harness, 10);
		await clock.settle();
		const client = await connect();
		await client.subscribe('m/stats');
		expect(client.of('snapshot')).toMatchObject([{ value: { count: 1, total: 10, average: 10 } }]);
		await order(harness, 20);
		await clock.settle();
		expect(values(client)).toEqual([{ count: 2, total: 30, average: 15 }]);
	});

	it('publishes once for events that come together, and in good time', async () => {
		const harness = await startServer({ m: { stats: statsOf({ throttle: 1_000 }) } });
		const { connect, clock } = harness;
		const client = await connect();
		await client.subscribe('m/stats');
		await clock.advance(2_000);
		for (let index = 0; index < 5; index++) {
			await order(harness, 1);
			await clock.advance(100);
		}
		expect(values(client).length).toBeLessThanOrEqual(2);
		await clock.advance(1_000);
		expect(values(client).at(-1)).toMatchObject({ count: 5 });
		expect(values(client).length).toBeLessThanOrEqual(3);
	});

	it('reads streams, ephemeral ones too, and other aggregates', async () => {
		const { createTestEnv } = await import('../../testing/test-env.ts');
		const env = createTestEnv();
		const orders = stream('orders', () => [{ id: 1 }]);
		const clicks = channel<{ id: number }>()('clicks');
		const both = aggregate([orders, clicks], { seen: { init: () => 0, reduce: (seen) => seen + 1 } });
		const changes = aggregate(both, {
			most: { init: () => 0, reduce: (most, _event, { seen }) => Math.max(most, seen) }
		});
		env.register('m', { orders, clicks, both, changes });
		const view = env.connect({ id: 'ann' }).subscribe(changes);
		await view.ready;
		await env.publish(orders.topic(), 'created', { id: 2 });
		await env.publish(clicks.topic(), 'click', { id: 3 });
		await expect(view.waitFor(({ most }) => most === 2)).resolves.toEqual({ most: 2 });
		await env.cleanup();
	});

	it('goes on where one reducer fails: it leaves its field as it was and is reported', async () => {
		const stats = aggregate('orders', {
			broken: {
				init: () => 'whole',
				reduce: () => {
					throw new Error('no');
				}
			},
			count: { init: () => 0, reduce: (value: number) => value + 1 },
			hopeless: {
				compute: () => {
					throw new Error('never');
				}
			}
		});
		const other = statsOf();
		const reports: unknown[] = [];
		const harness = await startServer(
			{ m: { stats, other } },
			{
				onError: (path, error, context) =>
					void reports.push([path, (error as { field: string }).field, context?.path])
			}
		);
		const client = await harness.connect();
		await client.subscribe('m/stats');
		await client.subscribe('m/other');
		for (const amount of [1, 2]) await order(harness, amount);
		await harness.clock.settle();
		expect(values(client)).toContainEqual({ broken: 'whole', count: 2, hopeless: undefined });
		expect(values(client)).toContainEqual({ count: 2, total: 3, average: 1.5 });
		expect(reports).toContainEqual(['m/stats', 'broken', 'm/stats']);
		expect(reports).toContainEqual(['m/stats', 'hopeless', 'm/stats']);
		expect(reports.every((report) => (report as string[])[0] === 'm/stats')).toBe(true);
	});

	it('keeps a field as it was that became what cannot be stored', async () => {
		const stats = aggregate('orders', {
			odd: {
				init: (): unknown => 'fine',
				reduce: (value, _event, data: { amount: number }) => (data.amount === 2 ? () => {} : value)
			},
			count: { init: () => 0, reduce: (value) => value + 1 }
		});
		const harness = await startServer({ m: { stats } });
		for (const amount of [1, 2, 3]) {
			await order(harness, amount);
			await harness.clock.settle();
		}
		const client = await harness.connect();
		await client.subscribe('m/stats');
		expect(client.of('snapshot')).toMatchObject([{ value: { odd: 'fine', count: 3 } }]);
		expect(harness.errors).toMatchObject([{ path: 'm/stats', error: { name: 'FieldError', field: 'odd' } }]);
	});

	it('begins with what is loaded, and loads it anew where events were lost', async () => {
		let stored = 100;
		const stats = statsOf({ load: () => ({ count: stored }) });
		const backplane = memory({ epoch: 'e', events: 3 });
		const harness = await startServer({ m: { stats } }, { backplane });
		await order(harness, 1);
		await harness.clock.settle();
		const read = backplane.read.bind(backplane);
		let away = true;
		Object.assign(backplane, {
			read: (...given: Parameters<typeof read>) => {
				if (away) throw new Error('away');
				return read(...given);
			}
		});
		stored = 200;
		for (let index = 0; index < 9; index++) await order(harness, 1);
		await harness.clock.settle();
		away = false;
		await harness.clock.advance(5_000);
		const client = await harness.connect();
		await client.subscribe('m/stats');
		expect(client.of('snapshot')).toMatchObject([{ value: { count: 200, total: 0 } }]);
		expect(harness.errors.map(({ error }) => (error as Error).name)).toEqual(['Error', 'LostEvents']);
	});
});

/** A server, and all that its aggregate has published. */
async function windowed(window: WindowOption) {
	const backplane = memory({ epoch: 'e' });
	const harness = await startServer({ m: { stats: statsOf({ window }) } }, { backplane });
	const published = (): Record<string, unknown>[] => {
		const head = backplane.head(OUTPUT) as Position;
		const read = backplane.read(OUTPUT, { ...head, offset: 0 }) as ReadResult;
		return read.kind === 'reset' ? [] : read.entries.map(({ body }) => decodeEventBody(body).data as State);
	};
	return { ...harness, published };
}

describe('a tumbling window', () => {
	it('begins anew at its time, keeps the one before, and says so also where nothing happens', async () => {
		const harness = await windowed({ tumbling: 60_000 });
		const { clock, published } = harness;
		await clock.advance(10_000);
		await order(harness, 5);
		await clock.advance(49_999);
		expect(published().at(-1)).toMatchObject({
			count: 1,
			window: { start: new Date('2030-01-01T00:00:00Z'), end: new Date('2030-01-01T00:01:00Z') },
			previous: { count: 0, average: 0 }
		});
		await clock.advance(1);
		expect(published().at(-1)).toMatchObject({
			count: 0,
			window: { start: new Date('2030-01-01T00:01:00Z') },
			previous: { count: 1, total: 5, average: 5 }
		});
		await clock.advance(60_000);
		expect(published().at(-1)).toMatchObject({ count: 0, previous: { count: 0 } });
		expect(published()).toHaveLength(4);
	});
});

describe('a sliding window', () => {
	it('holds what came in the last so many milliseconds, less one step at most', async () => {
		const harness = await windowed({ sliding: 60_000, steps: 6 });
		const { clock, published } = harness;
		const came: number[] = [];
		for (let second = 0; second < 300; second++) {
			if ((second * 7) % 13 < 3) {
				came.push(clock.now());
				await order(harness, 1);
			}
			await clock.advance(1_000);
			const now = clock.now();
			const within = (ms: number): number => came.filter((at) => at > now - ms).length;
			const { count } = published().at(-1) as { count: number };
			expect(count).toBeLessThanOrEqual(within(60_001));
			expect(count).toBeGreaterThanOrEqual(within(50_000));
		}
		await clock.advance(60_000);
		const before = published().length;
		expect(published().at(-1)).toMatchObject({ count: 0 });
		await clock.advance(300_000);
		expect(published()).toHaveLength(before);
	});
});

describe('in several processes', () => {
	it('takes every event once, whichever process dies', async () => {
		const cluster = new ServerCluster({ modules: { m: { stats: statsOf() } } });
		const servers = [await cluster.start(), await cluster.start(), await cluster.start()];
		const last = servers[2]!;
		for (let index = 0; index < 30; index++) {
			await order(last, 1);
			if (index === 9) servers[0]?.kill();
			if (index === 19) servers[1]?.kill();
			await cluster.clock.advance(700);
		}
		await cluster.clock.advance(10_000);
		const { value } = await last.server.loadStream('m/stats', { user: { id: 'ada' } }, []);
		expect(value).toEqual({ count: 30, total: 30, average: 1 });
		expect(last.errors).toEqual([]);
	});

	it('keeps a window across the end of a process', async () => {
		const cluster = new ServerCluster({ modules: { m: { stats: statsOf({ window: { sliding: 60_000 } }) } } });
		const [one, other] = [await cluster.start(), await cluster.start()];
		for (let index = 0; index < 3; index++) await order(other, 1);
		await cluster.clock.advance(1_000);
		one.kill();
		await cluster.clock.advance(10_000);
		await order(other, 1);
		await cluster.clock.advance(1_000);
		const count = async (): Promise<unknown> =>
			(await other.server.loadStream('m/stats', { user: { id: 'ada' } }, [])).value;
		expect(await count()).toMatchObject({ count: 4 });
		await cluster.clock.advance(49_000);
		expect(await count()).toMatchObject({ count: 1 });
	});
});
