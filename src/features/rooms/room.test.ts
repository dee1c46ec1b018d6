import * as v from 'valibot';
import { afterEach, describe, expect, it } from 'vitest';
import { LiveError } from '../../base/errors.ts';
import { validated } from '../../server/define-call.ts';
import { TestEnv } from '../../testing/test-env.ts';
import { room } from './room.ts';

interface Card {
	id: string;
	title: string;
}

const env = new TestEnv();
afterEach(() => env.cleanup());

const ada = { id: 'ada' };
const bob = { id: 'bob' };
const idOf = (ctx: { user: object | null }): string => (ctx.user as { id: string }).id;

function scene() {
	const guarded: string[] = [];
	const board = room({
		topic: (_ctx, boardId: string) => ['board', boardId],
		init: (): Card[] => [],
		guard: (ctx, boardId) => {
			guarded.push(`${ctx.path} ${boardId}`);
			if (idOf(ctx) === 'eve') throw new LiveError('FORBIDDEN', 'not for you');
			return idOf(ctx) !== 'mallory';
		},
		presence: (ctx) => ({ name: idOf(ctx) }),
		cursors: true,
		onJoin: (ctx, { key }) => ctx.publish('created', { id: key, title: 'is here' }),
		onLeave: (ctx, { key }) => ctx.publish('deleted', { id: key }),
		actions: {
			addCard: (ctx, _boardId, title: string) => {
				const card = { id: `by ${idOf(ctx)}`, title };
				ctx.publish('created', card);
				ctx.publish(['log'], 'added', { id: title });
				return card;
			}
		},
		calls: {
			rename: validated([v.string(), v.pipe(v.string(), v.minLength(2))], (_ctx, id, title) => `${id} ${title}`)
		}
	});
	env.register('lib/collab', { board });
	return { board, guarded };
}

describe('a room', () => {
	it('has its data, who is here, where they point and what can be done under its own name', async () => {
		const { board } = scene();
		const [one, other] = [env.connect(ada), env.connect(bob)];
		const cards = other.subscribe(board.data, 'b');
		const people = other.subscribe(board.presence, 'b');
		const cursors = other.subscribe(board.cursors, 'b');
		one.subscribe(board.presence, 'b');
		await env.settle();
		expect(people.value?.map(({ key }) => key)).toEqual(['bob', 'ada']);
		expect(await one.call(board.addCard, 'b', 'New')).toEqual({ id: 'by ada', title: 'New' });
		await one.call('lib/collab/board/cursors/move', 'b', { x: 1, y: 2 });
		await env.settle();
		expect(cards.value).toContainEqual({ id: 'by ada', title: 'New' });
		expect(cursors.value).toEqual([{ key: 'ada', x: 1, y: 2 }]);
	});

	it('tells of whoever comes and goes to the same data', async () => {
		const { board } = scene();
		const cards = env.connect(bob).subscribe(board.data, 'b');
		const client = env.connect(ada);
		const people = client.subscribe(board.presence, 'b');
		await env.settle();
		expect(cards.value).toEqual([{ id: 'ada', title: 'is here' }]);
		people.close();
		await env.advance(1_500);
		expect(cards.value).toEqual([]);
	});

	it('is behind its guard with all that it has', async () => {
		const { board, guarded } = scene();
		for (const id of ['eve', 'mallory']) {
			const client = env.connect({ id });
			const paths = ['data', 'presence', 'cursors'].map((part) => `lib/collab/board/${part}`);
			const streams = paths.map((path) => client.subscribe(path, 'b'));
			await env.settle();
			expect(streams.map(({ error }) => error?.code)).toEqual(['FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN']);
			const calls = [
				client.call(board.addCard, 'b', 'x'),
				client.call('lib/collab/board/cursors/move', 'b', { x: 1, y: 1 }),
				client.call(board.rename, 'b', 'long enough')
			];
			const codes = calls.map((call) => call.then(String, (error: unknown) => (error as LiveError).code));
			expect(await Promise.all(codes)).toEqual(['FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN']);
		}
		expect(guarded).toContain('lib/collab/board/addCard b');
	});

	it('has the types of its calls checked', async () => {
		const { board } = scene();
		const client = env.connect(ada);
		expect(await client.call(board.rename, 'b', 'xy')).toBe('b xy');
		await expect(client.call(board.rename, 'b', 'x')).rejects.toMatchObject({ code: 'VALIDATION' });
	});

	it('takes no action that has the name of another part', () => {
		const actions = { data: () => 1 };
		expect(() => room({ topic: 'lobby', init: () => [], actions })).toThrow(/"data"/);
	});

	it('checks its own arguments for all that it has', async () => {
		const lobby = room({
			topic: (_ctx, id: string) => ['lobby', id],
			init: () => [],
			args: [v.pipe(v.string(), v.maxLength(3))],
			presence: () => ({}),
			actions: { wave: (_ctx, id, times: number) => `${id} ${times}` }
		});
		env.register('m', { lobby });
		const client = env.connect(ada);
		const people = client.subscribe(lobby.presence, 'too long');
		await expect(client.call(lobby.wave, 'too long', 2)).rejects.toMatchObject({ code: 'VALIDATION' });
		expect(await client.call(lobby.wave, 'ok', 2)).toBe('ok 2');
		await env.settle();
		expect(people.error?.code).toBe('VALIDATION');
	});
});
