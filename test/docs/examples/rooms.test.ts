// What people know of rooms, presence, cursors and groups, run: what the others see, across tabs, drops and limits.
import { afterEach, describe, expect, it } from 'vitest';
import { live, LiveError } from '../../../src/live/index.ts';
import { createTestEnv, type TestStream } from '../../../src/testing/index.ts';
import { ada, bob } from './people.ts';

const env = createTestEnv();
afterEach(() => env.cleanup());

const names = (list: TestStream<readonly unknown[]>): string[] =>
	(list.value ?? []).map((row) => (row as { name: string }).name);
const GRACE_MS = 5_000; // how long a lost connection keeps its place by default

interface Card {
	id: string;
	title: string;
}

describe('a room', () => {
	function collab() {
		const stored: Card[] = [];
		const board = live.room({
			topic: (_ctx, boardId: string) => ['board', boardId],
			init: () => stored,
			presence: (ctx) => ({ name: ctx.user.name as string }),
			cursors: true,
			guard: (ctx) => {
				if ((ctx.user as object | null) === null) throw new LiveError('UNAUTHORIZED', 'Sign in');
			},
			actions: {
				addCard: (ctx, boardId, title: string) => {
					const card = { id: `${boardId}-${title}`, title };
					stored.push(card);
					ctx.publish('created', card);
					return card;
				}
			}
		});
		env.register('collab', { board });
		return board;
	}

	it('shares cards, who is here and where they point', async () => {
		const board = collab();
		const [one, other] = [env.connect(ada), env.connect(bob)];
		one.subscribe(board.presence, 'b');
		const cards = other.subscribe(board.data, 'b');
		const people = other.subscribe(board.presence, 'b');
		const cursors = other.subscribe(board.cursors, 'b');
		await env.settle();
		expect(await one.call(board.addCard, 'b', 'New')).toEqual({ id: 'b-New', title: 'New' });
		await one.call('collab/board/cursors/move', 'b', { x: 3, y: 4 });
		await env.settle();
		expect(cards.value).toEqual([{ id: 'b-New', title: 'New' }]);
		expect(names(people).toSorted()).toEqual(['Ada', 'Bob']);
		expect(cursors.value).toEqual([{ key: 'ada', x: 3, y: 4 }]);
	});

	it('keeps visitors out of all of it, by one guard', async () => {
		collab();
		const visitor = env.connect(null);
		const refused = { code: 'UNAUTHORIZED' };
		for (const part of ['data', 'presence', 'cursors'])
			await expect(visitor.subscribe(`collab/board/${part}`, 'b').ready).rejects.toMatchObject(refused);
		await expect(visitor.call('collab/board/addCard', 'b', 'x')).rejects.toMatchObject(refused);
		await expect(visitor.call('collab/board/cursors/move', 'b', { x: 1, y: 1 })).rejects.toMatchObject(refused);
	});
});

describe('who is here', () => {
	const lobby = () => {
		const here = live.presence('lobby', (ctx) => ({ name: ctx.user.name as string }));
		const list = live(async () => (await here.list()).map(({ key }) => key));
		env.register('lobby', { here, list });
		return { here, list };
	};

	it('is each person once, with what the server says of them, however many tabs they have', async () => {
		const { here, list } = lobby();
		const tabs = [env.connect(ada), env.connect(ada)];
		const seen = env.connect(bob).subscribe(here);
		for (const tab of tabs) tab.subscribe(here);
		await env.settle();
		expect(seen.value).toEqual(expect.arrayContaining([{ key: 'ada', name: 'Ada' }]));
		expect(names(seen).toSorted()).toEqual(['Ada', 'Bob']);
		expect(await tabs[0]!.call(list)).toHaveLength(2);
		tabs[0]!.close();
		await env.advance(2 * GRACE_MS);
		expect(names(seen).toSorted()).toEqual(['Ada', 'Bob']); // the other tab is still there
		tabs[1]!.close();
		await env.advance(2 * GRACE_MS);
		expect(names(seen)).toEqual(['Bob']); // and leaves no ghost
	});

	it('does not flicker while somebody reconnects', async () => {
		const { here } = lobby();
		const shaky = env.connect(ada);
		shaky.subscribe(here);
		const seen = env.connect(bob).subscribe(here);
		await env.settle();
		const before = seen.events.length;
		for (let drop = 0; drop < 3; drop++) {
			shaky.disconnect();
			await env.advance(GRACE_MS / 2);
			await shaky.reconnect();
			await env.settle();
		}
		await env.advance(2 * GRACE_MS);
		expect(names(seen).toSorted()).toEqual(['Ada', 'Bob']);
		expect(seen.events.slice(before)).toEqual([]);
	});

	it('can be looked at without being in it', async () => {
		const quiet = live.presence('quiet', (ctx) =>
			ctx.user.role === 'admin' ? null : { name: ctx.user.name as string }
		);
		env.register('m', { quiet });
		env.connect(ada).subscribe(quiet);
		const seen = env.connect(bob).subscribe(quiet);
		await env.settle();
		expect(names(seen)).toEqual(['Ada']);
	});
});

describe('a cursor', () => {
	const doc = () => {
		const cursors = live.cursors((_ctx, id: string) => ['doc', id], {
			throttleMs: 50,
			data: (ctx) => ({ name: ctx.user.name as string, color: ctx.user.color as string })
		});
		env.register('doc', { cursors });
		return cursors;
	};

	it('moves for the others with name and colour, every 50 ms at most, and ends where it was last', async () => {
		const cursors = doc();
		const [one, other] = [env.connect(ada), env.connect(bob)];
		const seen = other.subscribe(cursors, 'd');
		await seen.ready;
		for (const x of [1, 2, 3, 4]) await one.call('doc/cursors/move', 'd', { x, y: 0 });
		await env.settle();
		expect(seen.value).toEqual([{ key: 'ada', x: 1, y: 0, name: 'Ada', color: 'teal' }]);
		await env.advance(50);
		expect(seen.value).toMatchObject([{ x: 4 }]);
		expect(seen.events).toHaveLength(2);
	});

	it('is told to who comes later, and goes with its connection', async () => {
		const cursors = doc();
		const [one, other] = [env.connect(ada), env.connect(bob)];
		one.subscribe(cursors, 'd');
		await one.call('doc/cursors/move', 'd', { x: 7, y: 7 });
		const seen = other.subscribe(cursors, 'd');
		await env.settle();
		expect(seen.value).toMatchObject([{ key: 'ada', x: 7 }]);
		one.close();
		await env.settle();
		expect(seen.value).toEqual([]);
	});
});

describe('a group', () => {
	function lobby() {
		const log: string[] = [];
		const group = live.group<{ text: string }>()('lobby', {
			maxMembers: 2,
			meta: { game: 'chess' },
			onJoin: (_ctx, member) => void log.push(`join ${member.role}`),
			onLeave: (_ctx, member) => void log.push(`leave ${member.role}`),
			onFull: () => void log.push('full'),
			onClose: () => void log.push('close')
		});
		const join = live((ctx, role: string) => group.of().join(ctx, role));
		const leave = live((ctx) => group.of().leave(ctx));
		const tell = live((_ctx, text: string, role?: string) =>
			group.of().publish('said', { text }, role ? { role } : {})
		);
		const whisper = live((_ctx, id: string, text: string) => group.of().send(id, 'said', { text }));
		const state = live(async (ctx) => ({
			connection: ctx.connection.id,
			isIn: group.of().has(ctx),
			count: await group.of().count(),
			local: group.of().localMembers().length,
			meta: await group.of().getMeta()
		}));
		const setMeta = live((_ctx, meta: { game: string }) => group.of().setMeta(meta));
		const close = live(() => group.of().close());
		env.register('lobby', { group, join, leave, tell, whisper, state, setMeta, close });
		return { group, join, leave, tell, whisper, state, setMeta, close, log };
	}

	it('takes as many as it has places for, tells who comes too late, and frees the place of who leaves', async () => {
		const { join, leave, state, log } = lobby();
		const [one, two, three] = [env.connect(ada), env.connect(bob), env.connect({ id: 'eve' })];
		const joined = await Promise.all([one, two, three].map((client) => client.call(join, 'player')));
		expect(joined.filter(Boolean)).toHaveLength(2);
		expect(await three.call(state)).toMatchObject({ count: 2, local: 2, meta: { game: 'chess' } });
		await [one, two, three][joined.indexOf(true)]!.call(leave);
		expect(await [one, two, three][joined.indexOf(false)]!.call(join, 'player')).toBe(true);
		await env.settle();
		expect(log).toEqual(['join player', 'join player', 'full', 'leave player', 'join player']);
	});

	it('is told things as a whole, by role, or one of it; others hear nothing', async () => {
		const { group, join, tell, whisper, state } = lobby();
		const [player, watcher, outside] = [env.connect(ada), env.connect(bob), env.connect({ id: 'eve' })];
		await player.call(join, 'player');
		await watcher.call(join, 'watcher');
		const heard = [player, watcher, outside].map((client) => client.subscribe(group));
		await env.settle();
		const { connection } = await player.call(state);
		await player.call(tell, 'to all');
		await player.call(tell, 'to watchers', 'watcher');
		await watcher.call(whisper, connection, 'to you');
		await env.settle();
		const texts = heard.map((list) => (list.value ?? []).map(({ text }) => text));
		expect(texts).toEqual([['to all', 'to you'], ['to all', 'to watchers'], []]);
	});

	it('loses a member with its connection, and everybody when it is closed', async () => {
		const { join, state, setMeta, close, log } = lobby();
		const [one, two] = [env.connect(ada), env.connect(bob)];
		await one.call(join, 'player');
		await two.call(join, 'watcher');
		await two.call(setMeta, { game: 'go' });
		one.close();
		await env.settle();
		expect(await two.call(state)).toMatchObject({ isIn: true, count: 1, meta: { game: 'go' } });
		await two.call(close);
		await env.settle();
		expect(await two.call(state)).toMatchObject({ isIn: false, count: 0 });
		expect(await two.call(join, 'watcher')).toBe(false);
		expect(log).toContain('leave player');
		expect(log).toContain('close');
	});
});
