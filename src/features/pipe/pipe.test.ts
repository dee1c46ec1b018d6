import { afterEach, describe, expect, it } from 'vitest';
import { ServerCluster } from '../../../test/support/server-cluster.ts';
import { live } from '../../live/live.ts';
import { createTestEnv } from '../../testing/test-env.ts';
import { pipe } from './pipe.ts';

const env = createTestEnv();
afterEach(() => env.cleanup());

interface Row {
	id: string;
	count: number;
}

/** A derived list whose rows have the number of times that it was computed. */
const counted = () => live.derived(['orders'], (): Row[] => [{ id: 'a', count: ++computed }], { merge: 'crud' });
let computed = 0;

type Counted = ReturnType<typeof counted>;

const open = async (path: string, ...args: unknown[]) => {
	const stream = env.connect({ id: path }).subscribe(path, ...args);
	await stream.ready;
	return stream;
};

/** How often something is computed for one event. */
async function computedFor(topic: string | string[]): Promise<number> {
	const before = computed;
	await env.publish(topic, 'created', {});
	await env.advance(0);
	return computed - before;
}

describe('what is made of a stream that keeps itself current', () => {
	it.each([
		['a pipe', (list: Counted) => pipe(list, pipe.limit(1))],
		['a gate', (list: Counted) => live.gate(() => true, list)],
		['a limit', (list: Counted) => live.rateLimit({ points: 9, window: 1_000 }, list)]
	])('reads what is computed once for all exports: %s', async (_, make) => {
		const list = counted();
		// Names as before and after that of the stream, since exports are registered in the order of the alphabet.
		env.register('m', { a: make(list), list, z: make(list) });
		const readers = [await open('m/a'), await open('m/list'), await open('m/z')];
		expect(await computedFor('orders')).toBe(1);
		for (const { value } of readers) expect(value).toEqual([{ id: 'a', count: computed }]);
	});

	it('may be all that is exported', async () => {
		const list = counted();
		env.register('m', { one: pipe(list, pipe.limit(1)), other: live.gate(() => true, list) });
		const readers = [await open('m/one'), await open('m/other')];
		expect(await computedFor('orders')).toBe(1);
		for (const { value } of readers) expect(value).toEqual([{ id: 'a', count: computed }]);
	});

	it('is in another module, and has a topic to publish to', async () => {
		const list = counted();
		const shown = pipe(list, pipe.limit(1));
		env.register('m', { list });
		env.register('n', { shown });
		expect(shown.topic()).toEqual(list.topic());
		const reader = await open('n/shown');
		expect(await computedFor('orders')).toBe(1);
		expect(reader.value).toEqual([{ id: 'a', count: computed }]);
	});

	it('is computed while one of them is read, where it has arguments', async () => {
		const team = live.derived(
			(id: string) => [['members', id]],
			(_ctx, id): Row[] => [{ id, count: ++computed }],
			{ merge: 'crud' }
		);
		env.register('m', { shown: pipe(team, pipe.limit(1)), team });
		const shown = await open('m/shown', 'red');
		expect(await computedFor(['members', 'red'])).toBe(1);
		const all = await open('m/team', 'red');
		expect(await computedFor(['members', 'red'])).toBe(1);
		shown.close();
		await env.advance(5_000);
		expect(await computedFor(['members', 'red'])).toBe(1);
		expect(all.value).toEqual([{ id: 'red', count: computed }]);
		all.close();
		await env.advance(5_000);
		expect(await computedFor(['members', 'red'])).toBe(0);
	});

	it('is of no importance to its own export: where only that is replaced, the new one counts', async () => {
		const list = counted();
		env.register('m', { list });
		env.register('n', { shown: pipe(list, pipe.limit(1)) });
		const reader = await open('m/list');
		env.register('m', { list: live.derived(['orders'], () => [{ id: 'new' }], { merge: 'crud' }) });
		await env.advance(0);
		expect(await computedFor('orders')).toBe(0);
		expect(reader.value).toEqual([{ id: 'new' }]);
	});

	it('is computed by one process of several, and by another where that was killed', async () => {
		const list = counted();
		const cluster = new ServerCluster({ modules: { m: { list, shown: pipe(list, pipe.limit(1)) } } });
		const [one, other] = [await cluster.start(), await cluster.start()];
		await cluster.clock.advance(1_000);
		const before = computed;
		await other.server.publisher.publish('orders', 'created', {});
		await cluster.clock.advance(1_000);
		expect(computed - before).toBe(1);
		one.kill();
		await other.server.publisher.publish('orders', 'created', {});
		await cluster.clock.advance(10_000);
		expect(computed - before).toBe(2);
	});

	it('is one aggregate, with one state: also of a pipe that comes later', async () => {
		const stats = live.aggregate('orders', { count: { init: () => 0, reduce: (count) => count + 1 } });
		env.register('m', { stats });
		await open('m/stats');
		await env.publish('orders', 'created', {});
		await env.advance(0);
		const halved = pipe(
			stats,
			pipe.transform((_ctx, { count }) => ({ half: count / 2 }))
		);
		env.register('n', { halved });
		const reader = await open('n/halved');
		expect(reader.value).toEqual({ half: 0.5 });
		await env.publish('orders', 'created', {});
		await env.advance(0);
		expect(reader.value).toEqual({ half: 1 });
	});
});
