import { afterEach, describe, expect, expectTypeOf, it } from 'vitest';
import { LiveError } from '../base/errors.ts';
import { guard, live, publish } from '../live/live.ts';
import { createTestEnv } from './test-env.ts';

interface Card {
	id: string;
	title: string;
}

const calls: string[] = [];
live.middleware(async (ctx, next) => {
	calls.push(ctx.path);
	return next();
});

let rows: Card[] = [];
const cards = live.stream(
	(_, board: string) => ['board', board],
	() => [...rows],
	{ access: (_, board) => board !== 'secret' }
);
const addCard = live((ctx, board: string, card: Card) => {
	rows.push(card);
	ctx.publish(cards.topic(board), 'created', card);
	return card.title;
});
const typing = live.channel<{ id: string }>()('typing', { merge: 'set' });
const type = live((ctx, id: string) => ctx.throttle(typing.topic(), 'set', { id }, 500));
const fail = live((_, known: boolean) => {
	throw known ? new LiveError('CONFLICT', 'taken') : new Error('a secret');
});
const whoAmI = live((ctx) => ctx.user);
const board = { cards, addCard, typing, type, fail, whoAmI };

const reported: unknown[] = [];
const env = createTestEnv({ onError: (_, error) => reported.push(error) });
afterEach(async () => {
	await env.cleanup();
	rows = [];
});

const ann = { id: 'ann' };
const card = { id: 'c1', title: 'First' };

describe('calls', () => {
	it('reach a function by itself and by its path, with what it returns', async () => {
		env.register('board', board);
		const client = env.connect(ann);
		const title = await client.call(addCard, 'b1', card);
		expectTypeOf(title).toEqualTypeOf<string>();
		expect(title).toBe('First');
		expect(await client.call('board/whoAmI')).toEqual(ann);
		expect(await env.connect(null).call('board/whoAmI')).toBeNull();
	});

	it('reject with what the handler meant for the client, and with nothing else', async () => {
		env.register('board', board);
		await expect(env.connect(ann).call(fail, true)).rejects.toMatchObject({ code: 'CONFLICT', message: 'taken' });
		await expect(env.connect(ann).call(fail, false)).rejects.toMatchObject({ code: 'INTERNAL' });
		expect(reported).toMatchObject([{ message: 'a secret' }]);
		await expect(env.connect(ann).call('board/nothing')).rejects.toMatchObject({ code: 'NOT_FOUND' });
	});

	it('pass the guards of their module and the middleware, after every cleanup', async () => {
		for (let time = 0; time < 2; time++) {
			calls.length = 0;
			const _guard = guard((ctx) => {
				if (ctx.user === null) throw new LiveError('UNAUTHORIZED');
			});
			env.register('board', board);
			env.register('guarded', { _guard, ping: live(() => 'pong') });
			await env.connect(ann).call('board/whoAmI');
			expect(await env.connect(ann).call('guarded/ping')).toBe('pong');
			await expect(env.connect(null).call('guarded/ping')).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
			expect(calls).toEqual(['board/whoAmI', 'guarded/ping', 'guarded/ping']);
			await env.cleanup();
		}
	});
});

describe('streams', () => {
	it('show what others do', async () => {
		env.register('board', board);
		const list = env.connect({ id: 'bob' }).subscribe(cards, 'b1');
		const other = env.connect({ id: 'bob' }).subscribe(cards, 'b2');
		expect(await list.ready).toEqual([]);
		await other.ready;
		await env.connect(ann).call(addCard, 'b1', card);
		const value = await list.waitFor(([first]) => first?.title === 'First');
		expectTypeOf(value).toEqualTypeOf<Card[]>();
		expect(list.value).toEqual([card]);
		expect(list.events).toEqual([{ event: 'created', data: card }]);
		expect([other.events, other.value]).toEqual([[], []]);
	});

	it('reject where access is refused', async () => {
		env.register('board', board);
		const list = env.connect(ann).subscribe('board/cards', 'secret');
		await expect(list.ready).rejects.toMatchObject({ code: 'FORBIDDEN' });
		expect(list.error?.code).toBe('FORBIDDEN');
	});

	it('say what they had instead of the expected value', async () => {
		env.register('board', board);
		const list = env.connect(ann).subscribe(cards, 'b1');
		await list.ready;
		const waiting = list.waitFor((all) => all[5]?.id === 'none', 1);
		await expect(waiting).rejects.toThrow(
			'board/cards did not come to the expected value within 1 ms: its value is []'
		);
	});

	it('hear what is published outside of handlers', async () => {
		env.register('board', board);
		const list = env.connect(ann).subscribe(cards, 'b1');
		await list.ready;
		await publish(cards.topic('b1'), 'created', card);
		await env.publish(cards.topic('b1'), 'deleted', { id: 'c1' });
		await env.settle();
		expect(list.events.map(({ event }) => event)).toEqual(['created', 'deleted']);
	});
});

describe('the network and time', () => {
	it('a client that was away catches up with what it missed', async () => {
		env.register('board', board);
		const bob = env.connect({ id: 'bob' });
		const list = bob.subscribe(cards, 'b1');
		await list.ready;
		bob.disconnect();
		await env.connect(ann).call(addCard, 'b1', card);
		await env.advance(60_000);
		expect([list.connected, list.value]).toEqual([false, []]);
		await bob.reconnect();
		expect(await list.waitFor((all) => all.length === 1)).toEqual([card]);
		expect([list.resets, list.events.length]).toEqual([[], 1]);
	});

	it('stand still until the test moves them, however far', async () => {
		env.register('board', board);
		const client = env.connect(ann);
		const latest = client.subscribe(typing);
		await latest.ready;
		for (const id of ['a', 'b', 'c']) await client.call(type, id);
		await env.settle();
		expect(latest.value).toEqual({ id: 'a' });
		await env.advance(500);
		expect(latest.value).toEqual({ id: 'c' });
		await env.advance(3_600_000);
		expect([client.status.state, latest.connected]).toEqual(['open', true]);
	});

	it('and with them what is kept for a while: a block ends when their time says so', async () => {
		env.register('m', { say: live.rateLimit({ points: 1, window: 1_000, blockMs: 60_000 }, () => 'said') });
		const client = env.connect({ id: 'ann' });
		await client.call('m/say');
		await expect(client.call('m/say')).rejects.toMatchObject({ code: 'RATE_LIMITED' });
		await env.advance(60_000);
		expect(await client.call('m/say')).toBe('said');
	});

	it('sessions expire and can be revoked', async () => {
		env.register('board', board);
		const client = env.connect(ann, { expiresInMs: 10_000 });
		await client.call(whoAmI);
		await env.advance(60_000);
		await expect(client.reconnect()).rejects.toMatchObject({ code: 'SESSION_EXPIRED' });
		const other = env.connect({ id: 'bob' });
		await other.call(whoAmI);
		await env.revoke('bob');
		await env.settle();
		expect(other.status.error?.code).toBe('SESSION_EXPIRED');
	});

	it('leave nothing behind', async () => {
		env.register('board', board);
		const { server } = env;
		const list = env.connect(ann).subscribe(cards, 'b1');
		await list.ready;
		await env.cleanup();
		expect([server.connections.size, server.topicCount]).toEqual([0, 0]);
		await env.cleanup();
		expect(() => env.connect(ann).call(live(() => 1))).toThrow('register the module first');
	});
});
