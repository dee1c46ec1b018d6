// Views that show each event by itself, on logs and on ephemeral topics, with lookups that take their time.
import { describe, expect, it } from 'vitest';
import { ada, bob, startServer, type Harness } from '../../../test/support/server-harness.ts';
import { gate } from '../../features/gate.ts';
import { pipe } from '../../features/pipe/pipe.ts';
import { live } from '../../live/live.ts';
import type { Topic } from '../topic.ts';

const publish = async (
	harness: Harness,
	topic: Topic<never>,
	...events: [name: string, data: unknown][]
): Promise<void> => {
	for (const [name, data] of events) await harness.server.publisher.publish(topic, name, data);
	await harness.clock.settle();
};

interface Card {
	id: number;
	title: string;
	secret: string;
}

const card = (id: number, title = `t${id}`): Card => ({ id, title, secret: `s${id}` });

describe('a transform', () => {
	const base = live.stream('cards', () => [card(1)]);
	const stream = pipe(
		base,
		pipe.transform((_, { id, title }) => ({ id, title }))
	);

	it('holds for the first value, live events and what is caught up, on the log positions of the topic', async () => {
		const harness = await startServer({ m: { cards: stream, base } });
		const client = await harness.connect();
		const id = await client.subscribe('m/cards');
		await publish(harness, base.topic(), ['created', card(2)], ['deleted', card(1)], ['set', [card(3)]]);
		await client.vanish();
		const back = await harness.connect();
		const { position } = client.of('snapshot')[0]!;
		const again = await back.subscribe('m/cards', [], position);
		expect(client.kindsFor(id)).toEqual(['snapshot']);
		expect(client.of('event').map(({ offset, data }) => [offset, data])).toEqual([
			[1, { id: 2, title: 't2' }],
			[2, { id: 1 }],
			[3, [{ id: 3, title: 't3' }]]
		]);
		expect(back.kindsFor(again)).toEqual(['resumed']);
		expect(`${client.socket.sent.join()}${back.socket.sent.join()}`).not.toContain('secret');
		const whole = await harness.connect();
		await whole.subscribe('m/base');
		expect(whole.socket.sent.join()).toContain('s1');
	});

	it('holds for a page that is rendered on the server', async () => {
		const harness = await startServer({ m: { cards: stream } });
		const page = await harness.server.loadStream('m/cards', ada, []);
		expect(page).toMatchObject({ value: [{ id: 1, title: 't1' }], position: { offset: 0 } });
		expect(JSON.stringify(page)).not.toContain('s1');
	});

	it('keeps the key of a row, and leaves out and reports what it cannot make', async () => {
		const odd = pipe(
			base,
			pipe.transform((_, { title, secret }) => {
				if (title === 'bad') throw new Error('no');
				return title === 'other' ? { id: 99, secret } : { title };
			})
		);
		const harness = await startServer({ m: { cards: odd } });
		const client = await harness.connect();
		const id = await client.subscribe('m/cards');
		await publish(
			harness,
			base.topic(),
			['created', card(2, 'bad')],
			['created', card(3, 'other')],
			['created', card(4)]
		);
		expect(client.of('snapshot').at(-1)?.value).toEqual([{ id: 1, title: 't1' }]);
		expect(client.of('event').map(({ offset, event, data }) => [offset, event, data])).toEqual([
			[2, '', undefined],
			[3, 'created', { id: 4, title: 't4' }]
		]);
		expect(client.kindsFor(id)).toEqual(['snapshot']);
		expect(harness.errors).toHaveLength(2);
	});
});

describe('a filter of items', () => {
	const feed = live.channel<{ to: string; text: string }>()('feed', { ephemeral: false });
	const mine = pipe(
		feed,
		pipe.filter((ctx, { to }) => to === (ctx.user as { id: string }).id)
	);
	const say = (to: string, text: string): [string, unknown] => ['said', { to, text }];

	it('leaves out what is for others, in live events and in what is caught up', async () => {
		const harness = await startServer({ m: { mine } });
		const [one, other] = [await harness.connect(ada), await harness.connect(bob)];
		await one.subscribe('m/mine');
		await other.subscribe('m/mine');
		await publish(harness, feed.topic(), say('ada', 'a')); // what shows that the filter looks at the user
		await publish(harness, feed.topic(), say('bob', 'b'), say('bob', 'c'), say('ada', 'd'));
		expect(one.of('resumed').flatMap(({ events }) => events)).toMatchObject([{ offset: 1, event: 'said' }]);
		expect(one.of('event').map(({ offset, event }) => [offset, event])).toEqual([
			[3, ''],
			[4, 'said']
		]);
		expect(one.socket.sent.join()).not.toMatch(/bob|"b"|"c"/);
		const { position } = one.of('snapshot')[0]!;
		const back = await harness.connect(bob);
		const id = await back.subscribe('m/mine', [], position);
		expect(back.kindsFor(id).at(-1)).toBe('resumed');
		expect(
			back
				.of('resumed')
				.at(-1)
				?.events.map(({ offset, event }) => [offset, event])
		).toEqual([
			[1, ''],
			[2, 'said'],
			[3, 'said'],
			[4, '']
		]);
		expect(back.socket.sent.join()).not.toContain('ada');
	});

	it('tells with the heartbeat how far its readers have come, so that they do not ask', async () => {
		const harness = await startServer({ m: { mine } });
		const client = await harness.connect(ada);
		await client.subscribe('m/mine');
		await publish(harness, feed.topic(), say('bob', 'a'));
		await publish(harness, feed.topic(), say('bob', 'b'));
		expect(client.of('event')).toEqual([]);
		await harness.clock.advance(16_000);
		const { alias } = client.of('resumed').at(-1)!;
		expect(client.of('event')).toMatchObject([{ alias, offset: 2, event: '' }]);
		expect(client.of('heartbeat')[0]?.heads).toEqual([[alias, 2]]);
	});
});

describe('a join', () => {
	function directory() {
		const asked: unknown[][] = [];
		const gates: (() => void)[] = [];
		const names = async (ids: number[]): Promise<Map<number, string>> => {
			asked.push(ids);
			await new Promise<void>((resolve) => gates.push(resolve));
			if (ids.includes(666)) throw new Error('nobody');
			return new Map(ids.map((id) => [id, `name ${id}`]));
		};
		const answer = async (harness: Harness): Promise<void> => {
			gates.shift()?.();
			await harness.clock.settle();
		};
		return { asked, names, answer };
	}

	const post = (id: number, author: number) => ({ id, author });
	const posts = (...rows: { id: number; author: number }[]) => live.stream('posts', () => rows);

	it('is loaded from where the topic stands, however far behind it the view is', async () => {
		const { names, answer } = directory();
		const base = posts(post(1, 7));
		const harness = await startServer({ m: { posts: pipe(base, pipe.joinMany('author', names, 'name')) } });
		const [client, late] = [await harness.connect(), await harness.connect(bob)];
		await client.subscribe('m/posts');
		await answer(harness);
		await publish(harness, base.topic(), ['created', post(2, 8)], ['created', post(3, 7)]);
		await late.subscribe('m/posts');
		expect(client.of('event')).toEqual([]); // the view waits for the name of 8
		expect(late.of('snapshot')).toMatchObject([{ position: { offset: 2 }, value: [{ id: 1, name: 'name 7' }] }]);
		await answer(harness);
		expect(client.of('event').map(({ offset }) => offset)).toEqual([1, 2]);
		await publish(harness, base.topic(), ['created', post(4, 7)]);
		expect(late.of('event').map(({ offset }) => offset)).toEqual([3]);
	});

	it('asks once for each id of a value, keeps events in order meanwhile, and remembers', async () => {
		const { asked, names, answer } = directory();
		const base = posts(post(1, 7), post(2, 7), post(3, 8));
		const harness = await startServer({ m: { posts: pipe(base, pipe.joinMany('author', names, 'name')) } });
		const client = await harness.connect();
		await client.subscribe('m/posts');
		expect(asked).toEqual([[7, 8]]);
		await answer(harness);
		expect(client.of('snapshot')[0]?.value).toEqual([
			{ ...post(1, 7), name: 'name 7' },
			{ ...post(2, 7), name: 'name 7' },
			{ ...post(3, 8), name: 'name 8' }
		]);
		await publish(harness, base.topic(), ['created', post(4, 9)], ['created', post(5, 7)]);
		expect(client.of('event')).toEqual([]);
		await answer(harness);
		expect(client.of('event').map(({ data }) => (data as { name: string }).name)).toEqual(['name 9', 'name 7']);
		expect(asked).toEqual([[7, 8], [9]]);
	});

	it('lets a row go on without what could not be found out, and asks again for the next one', async () => {
		const { asked, names, answer } = directory();
		const base = posts(post(1, 666));
		const harness = await startServer({ m: { posts: pipe(base, pipe.joinMany('author', names, 'name')) } });
		const client = await harness.connect();
		await client.subscribe('m/posts');
		await answer(harness);
		expect(client.of('snapshot')[0]?.value).toEqual([{ ...post(1, 666), name: undefined }]);
		expect(harness.errors).toHaveLength(1);
		await publish(harness, base.topic(), ['updated', post(1, 666)]);
		await answer(harness);
		expect(asked).toEqual([[666], [666]]);
	});

	it('comes after the limit for those rows alone that are shown', async () => {
		const { asked, names, answer } = directory();
		const base = posts(post(1, 1), post(2, 2), post(3, 3));
		const view = pipe(base, pipe.sort('id', 'desc'), pipe.limit(2), pipe.joinMany('author', names, 'name'));
		const harness = await startServer({ m: { posts: view } });
		const client = await harness.connect();
		await client.subscribe('m/posts');
		await answer(harness);
		expect(asked).toEqual([[3, 2]]);
		await publish(harness, base.topic(), ['deleted', { id: 3 }]);
		await answer(harness);
		expect(client.of('event').map(({ event, data }) => [event, data])).toEqual([
			['deleted', { id: 3 }],
			['created', { id: 1, author: 1, name: 'name 1' }]
		]);
	});

	it('does not say with a heartbeat that its readers have what it still looks up', async () => {
		const { names, answer } = directory();
		const base = posts();
		const harness = await startServer({ m: { posts: pipe(base, pipe.joinMany('author', names, 'name')) } });
		const client = await harness.connect();
		await client.subscribe('m/posts');
		await publish(harness, base.topic(), ['created', post(1, 7)]);
		await harness.clock.advance(16_000);
		expect(client.of('event')).toEqual([]);
		await answer(harness);
		expect(client.of('event')).toMatchObject([{ offset: 1, event: 'created' }]);
	});

	it('that never answers holds nothing up for ever', async () => {
		const { names } = directory();
		const base = posts(post(1, 7));
		const harness = await startServer(
			{ m: { posts: pipe(base, pipe.joinMany('author', names, 'name')) } },
			{ limits: { callTimeoutMs: 500 } }
		);
		const client = await harness.connect();
		const id = await client.subscribe('m/posts');
		await harness.clock.advance(1_000);
		expect(client.errorOf(id) ?? client.of('snapshot')[0]?.value).toBeTruthy();
		expect(harness.errors.length + Number(client.errorOf(id) !== undefined)).toBeGreaterThan(0);
	});
});

describe('a view of an ephemeral topic', () => {
	const cursors = live.channel<{ key: string; page: number }>()('cursors', { merge: 'cursor' });
	const near = pipe(
		cursors,
		pipe.filter((_, { page }) => page === 1)
	);

	it('filters by key: who leaves the part that is shown is removed', async () => {
		const harness = await startServer({ m: { near } });
		const client = await harness.connect();
		await client.subscribe('m/near');
		const move = (key: string, page: number): [string, unknown] => ['update', { key, page }];
		const moves = [move('a', 1), move('b', 2), move('a', 1), move('a', 2), move('b', 2)];
		for (const each of moves) await publish(harness, cursors.topic(), each);
		expect(client.of('event').map(({ offset, event, data }) => [offset, event, data])).toEqual([
			[0, 'update', { key: 'a', page: 1 }],
			[0, 'update', { key: 'a', page: 1 }],
			[0, 'remove', { key: 'a' }]
		]);
		await publish(harness, cursors.topic(), move('c', 1));
		const late = await harness.connect();
		await late.subscribe('m/near');
		expect(late.of('snapshot')[0]).toMatchObject({ position: null, value: [{ key: 'c', page: 1 }] });
	});
});

describe('a gated stream', () => {
	it('has no value, no error and no subscription where its gate is shut', async () => {
		let loads = 0;
		const rows = live.stream('rows', () => [++loads]);
		const stream = gate((ctx) => (ctx.user as { id: string }).id === 'ada', rows);
		const harness = await startServer({ m: { rows: stream } });
		const [one, other] = [await harness.connect(ada), await harness.connect(bob)];
		await one.subscribe('m/rows');
		const id = await other.subscribe('m/rows');
		expect(loads).toBe(1);
		expect(other.of('snapshot')).toMatchObject([{ id, alias: 0, position: null, value: undefined }]);
		await publish(harness, rows.topic(), ['created', 1]);
		expect([one.of('event').length, other.of('event').length]).toEqual([1, 0]);
		await other.say(`["unsubscribe",${id}]`);
		await one.vanish();
		expect(harness.server.topicCount).toBe(0);
		expect(await harness.server.loadStream('m/rows', bob, [])).toMatchObject({ value: undefined, position: null });
	});
});

describe('a pipe', () => {
	const byNumber = (one: number, other: number) => one - other;
	const { sort: sortedBy } = pipe;
	const inOrder = () => sortedBy(byNumber);

	it.each([
		[
			'a filter behind a limit',
			() =>
				pipe(
					live.stream('t', () => [1]),
					pipe.limit(1),
					pipe.filter(() => true)
				)
		],
		['a limit of nothing', () => pipe.limit(0)],
		[
			'two orders',
			() =>
				pipe(
					live.stream('t', () => [1]),
					inOrder(),
					inOrder()
				)
		],
		['an order of items', () => pipe(live.channel<number>()('t'), inOrder())],
		['rows that nobody loads', () => pipe(live.channel('t', { merge: 'crud', ephemeral: false }), pipe.limit(1))],
		['something that is no stream', () => pipe(live(() => 1) as never, pipe.limit(1))]
	])('refuses %s', (_, make) => {
		expect(make).toThrow(TypeError);
	});
});
