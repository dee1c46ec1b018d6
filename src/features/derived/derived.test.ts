import { describe, expect, it } from 'vitest';
import { ada, bob, startServer, type FakeClient } from '../../../test/support/server-harness.ts';
import { ServerCluster } from '../../../test/support/server-cluster.ts';
import { memory } from '../../backplanes/memory/memory.ts';
import { stream } from '../../server/define-stream.ts';
import { definitionOf, type StreamDefinition } from '../../server/definition.ts';
import { Hub } from '../../server/hub.ts';
import { Leases } from '../../server/processes/leases.ts';
import type { ServiceHost } from '../../server/service.ts';
import type { SharedStore } from '../../server/shared-store.ts';
import { VirtualClock } from '../../testing/virtual-clock.ts';
import { derived } from './define-derived.ts';

const values = (client: FakeClient): unknown[] =>
	client.of('event').flatMap(({ event, data }) => (event === 'set' ? [data] : []));

/** A value that tests change, and a stream that is derived from it. */
function sum(options: Parameters<typeof derived>[2] = {}) {
	const state = { value: 0, computed: 0 };
	const total = derived(
		['orders', ['stock', 'a']],
		() => {
			state.computed++;
			return { value: state.value };
		},
		options as object
	);
	return { state, modules: { m: { total } }, total };
}

describe('a derived stream', () => {
	it.each([
		['nothing', /not empty/, () => derived([], () => 1)],
		['no function', /takes a function/, () => derived(['a'], 5 as never)],
		['another way to merge', /must be set or crud/, () => derived(['a'], () => [], { merge: 'latest' as 'set' })],
		['a time below 0', /"debounce"/, () => derived(['a'], () => 1, { debounce: -1 })],
		['no time', /"timeoutMs"/, () => derived(['a'], () => 1, { timeoutMs: 0 })]
	])('of %s is refused where it stands', (...[, why, make]) => {
		expect(make).toThrow(why);
	});

	it('is computed for whoever opens it, and anew when one of its sources was published to', async () => {
		const { state, modules } = sum();
		const { server, connect, clock } = await startServer(modules);
		const client = await connect();
		state.value = 1;
		await client.subscribe('m/total');
		expect(client.of('snapshot')).toMatchObject([{ value: { value: 1 }, merge: { kind: 'set' } }]);
		state.value = 2;
		await server.publisher.publish(['stock', 'a'], 'updated', {});
		await clock.settle();
		state.value = 3;
		await server.publisher.publish('orders', 'created', {});
		await clock.settle();
		await server.publisher.publish('other', 'created', {});
		await clock.settle();
		expect(values(client)).toEqual([{ value: 2 }, { value: 3 }]);
	});

	it('waits for silence, but not for ever', async () => {
		const { state, modules } = sum({ debounce: 100, maxWait: 250 });
		const { server, clock } = await startServer(modules);
		await clock.settle();
		state.computed = 0;
		for (let index = 0; index < 3; index++) {
			await server.publisher.publish('orders', 'created', {});
			await clock.advance(80);
		}
		expect(state.computed).toBe(0);
		await clock.advance(10);
		expect(state.computed).toBe(1);
		await server.publisher.publish('orders', 'created', {});
		await clock.advance(99);
		expect(state.computed).toBe(1);
		await clock.advance(1);
		expect(state.computed).toBe(2);
	});

	it('is computed once more for everything that came while it was computed', async () => {
		const gates: (() => void)[] = [];
		const slow = derived(
			['orders'],
			() => new Promise<number>((resolve) => gates.push(() => resolve(gates.length)))
		);
		const { server, clock } = await startServer({ m: { slow } });
		await clock.settle();
		for (let index = 0; index < 5; index++) await server.publisher.publish('orders', 'created', {});
		await clock.settle();
		expect(gates).toHaveLength(1);
		gates[0]?.();
		await clock.settle();
		expect(gates).toHaveLength(2);
		gates[1]?.();
		await clock.settle();
		expect(gates).toHaveLength(2);
	});

	it('that throws is reported, keeps its value, and is tried again; others go on', async () => {
		let failing = false;
		const flaky = derived(['orders'], () => {
			if (failing) throw new Error('the database is away');
			return 'fine';
		});
		const { modules, state } = sum();
		const { server, connect, clock, errors } = await startServer({ ...modules, n: { flaky } });
		const client = await connect();
		await client.subscribe('n/flaky');
		await clock.settle();
		const [seen, computed] = [values(client).length, state.computed];
		failing = true;
		await server.publisher.publish('orders', 'created', {});
		await clock.settle();
		expect(errors).toMatchObject([{ path: 'n/flaky', error: { message: 'the database is away' } }]);
		expect(state.computed).toBe(computed + 1);
		failing = false;
		await clock.advance(1_000);
		expect(values(client).slice(seen)).toEqual(['fine']);
	});

	it('that hangs is aborted after its time', async () => {
		let signal: AbortSignal | undefined;
		const hanging = derived(
			['orders'],
			(ctx) => {
				signal ??= ctx.abortSignal;
				return new Promise<number>(() => {});
			},
			{ timeoutMs: 5_000 }
		);
		const { clock, errors } = await startServer({ m: { hanging } });
		await clock.advance(5_000);
		expect(signal?.aborted).toBe(true);
		expect(errors).toMatchObject([{ path: 'm/hanging', error: { code: 'TIMEOUT' } }]);
	});

	it('shows nobody what is for somebody else: there is no user', async () => {
		const mine = derived(['orders'], (ctx) => String((ctx as { user?: unknown }).user));
		const { connect } = await startServer({ m: { mine } });
		const client = await connect(bob);
		await client.subscribe('m/mine');
		expect(client.of('snapshot')).toMatchObject([{ value: 'undefined' }]);
	});

	it('is read by those whom its rule lets', async () => {
		const secret = derived(['orders'], () => 1, { access: (ctx) => ctx.user.id === 'ada' });
		const { connect } = await startServer({ m: { secret } });
		const [one, other] = [await connect(ada), await connect(bob)];
		expect(one.kindsFor(await one.subscribe('m/secret'))).toEqual(['snapshot']);
		expect(other.errorOf(await other.subscribe('m/secret'))).toMatchObject({ code: 'FORBIDDEN' });
	});

	it('is a source of another one, and may be a list of rows', async () => {
		const { createTestEnv } = await import('../../testing/test-env.ts');
		const env = createTestEnv();
		const rows = [{ id: 1 }];
		const list = derived([stream('orders', () => [])], () => [...rows], { merge: 'crud' });
		const count = derived([list], () => rows.length);
		env.register('m', { list, count });
		const client = env.connect({ id: 'ann' });
		const [listed, counted] = [client.subscribe(list), client.subscribe(count)];
		await Promise.all([listed.ready, counted.ready]);
		rows.push({ id: 2 });
		await env.publish('orders', 'created', { id: 2 });
		await env.settle();
		await counted.waitFor((value) => value === 2);
		expect(listed.value).toEqual([{ id: 1 }, { id: 2 }]);
		expect(list.topic().name).toBe('derived/m%2Flist');
		await env.cleanup();
	});
});

describe('a derived stream with arguments', () => {
	function perTeam() {
		const computed: string[] = [];
		const stats = derived(
			(team: string) => [['members', team]],
			(_ctx, team) => (computed.push(team), `${team} ${computed.length}`)
		);
		return { computed, modules: { m: { stats } } };
	}

	it('is computed only while somebody reads it, and for those arguments', async () => {
		const { computed, modules } = perTeam();
		const { server, connect, clock } = await startServer(modules);
		await server.publisher.publish(['members', 'red'], 'created', {});
		await clock.settle();
		expect(computed).toEqual([]);
		const client = await connect();
		await client.subscribe('m/stats', ['red']);
		await clock.settle();
		const before = computed.length;
		await server.publisher.publish(['members', 'red'], 'created', {});
		await server.publisher.publish(['members', 'blue'], 'created', {});
		await clock.settle();
		expect(computed.slice(before)).toEqual(['red']);
		expect(values(client).at(-1)).toBe(`red ${before + 1}`);
		await client.vanish();
		await server.publisher.publish(['members', 'red'], 'created', {});
		await clock.settle();
		expect(computed).toHaveLength(before + 1);
	});

	it('goes on when its last reader is followed by another one at once', async () => {
		const { modules } = perTeam();
		const { server, connect, clock } = await startServer(modules);
		const first = await connect();
		await first.subscribe('m/stats', ['red']);
		const second = await connect();
		await first.vanish();
		await second.subscribe('m/stats', ['red']);
		await clock.settle();
		const before = values(second).length;
		await server.publisher.publish(['members', 'red'], 'created', {});
		await clock.settle();
		expect(values(second)).toHaveLength(before + 1);
	});

	it('goes on when the lease of its last reader is not free yet', async () => {
		const clock = new VirtualClock();
		const backplane = memory();
		const { store } = backplane;
		const remove = async (...given: Parameters<typeof store.remove>): Promise<boolean> => {
			await new Promise<void>((resolve) => void clock.setTimer(resolve, 100));
			return store.remove(...given);
		};
		const slow = { get: store.get.bind(store), put: store.put.bind(store), remove } as unknown as SharedStore;
		const published: unknown[] = [];
		const host = {
			clock,
			backplane,
			hub: new Hub(backplane, (error) => expect.fail(String(error)), { needsFlush: () => {} }),
			process: { leases: new Leases({ store: slow, clock, holder: 'one' }) },
			publisher: { publish: (...[, , value]: unknown[]) => void published.push(value) },
			onError: (_path: string, error: unknown) => expect.fail(String(error))
		} as unknown as ServiceHost;
		const { service } = definitionOf(perTeam().modules.m.stats) as StreamDefinition;
		const running = service!.start('m/stats', host);
		running.opened?.(['red']);
		await clock.settle();
		running.closed?.(['red']);
		running.opened?.(['red']);
		await clock.advance(500);
		expect(published).toHaveLength(2);
	});

	it('keeps arguments apart that a topic would take for the same', async () => {
		const typed = derived(
			(key: unknown) => ['orders', [String(key)]],
			(_ctx, key) => typeof key
		);
		const { server, connect, clock } = await startServer({ m: { typed } });
		const [one, other] = [await connect(), await connect()];
		await one.subscribe('m/typed', [5]);
		await other.subscribe('m/typed', ['5']);
		await server.publisher.publish('orders', 'created', {});
		await clock.settle();
		expect(new Set(values(one))).toEqual(new Set(['number']));
		expect(new Set(values(other))).toEqual(new Set(['string']));
	});

	it('refuses arguments that name no sources', async () => {
		const picky = derived(
			(key: unknown) => [['x', key as string]],
			() => 1
		);
		const { connect, errors } = await startServer({ m: { picky } });
		const client = await connect();
		expect(client.errorOf(await client.subscribe('m/picky', [{}]))).toMatchObject({ code: 'BAD_REQUEST' });
		expect(errors).toEqual([]);
	});
});

describe('in several processes', () => {
	it('one computes, and all of their readers are told', async () => {
		const { state, modules } = sum();
		const cluster = new ServerCluster({ modules });
		const servers = [await cluster.start(), await cluster.start(), await cluster.start()];
		await cluster.clock.advance(5_000);
		expect(state.computed).toBe(1);
		await servers[2]?.server.publisher.publish('orders', 'created', {});
		await cluster.clock.advance(5_000);
		expect(state.computed).toBe(2);
		expect(cluster.log.log('derived/m%2Ftotal' as never).head.offset).toBe(2);
	});

	it('whoever has lost its lease publishes nothing', async () => {
		const gates: (() => void)[] = [];
		const slow = derived(['orders'], () => new Promise<number>((done) => gates.push(() => done(gates.length))));
		const cluster = new ServerCluster({ modules: { m: { slow } } });
		await cluster.start();
		await cluster.log.store.remove('lease/derived m/slow []');
		await cluster.clock.advance(10_000);
		gates[0]?.();
		await cluster.clock.settle();
		expect(cluster.log.log('derived/m%2Fslow' as never).head.offset).toBe(0);
	});

	it('what a killed process did not compute is computed by the next one', async () => {
		const { state, modules } = sum();
		const cluster = new ServerCluster({ modules });
		const [one, other] = [await cluster.start(), await cluster.start()];
		await cluster.clock.advance(1_000);
		one.kill();
		await other.server.publisher.publish('orders', 'created', {});
		expect(state.computed).toBe(1);
		await cluster.clock.advance(9_000);
		expect(state.computed).toBe(2);
	});
});
