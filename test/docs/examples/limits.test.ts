// What people know of limits that all processes count together, run: points, blocks, bans, costs and keys.
import { afterEach, describe, expect, it } from 'vitest';
import { live, rateLimiter, type LiveError } from '../../../src/live/index.ts';
import { createTestEnv, type TestClient } from '../../../src/testing/index.ts';
import { ada, bob } from './people.ts';

const env = createTestEnv();
afterEach(() => env.cleanup());

const codeOf = async (called: Promise<unknown>): Promise<unknown> =>
	called.catch((error: unknown) => (error as LiveError).code);
const OVER = 'RATE_LIMITED';

describe('a limiter', () => {
	function chat() {
		const limiter = rateLimiter({ name: 'chat', points: 3, window: 1_000, blockMs: 30_000 });
		const say = live(async (ctx, cost?: number) => {
			await limiter.assert(ctx, cost ?? 1);
			return 'said';
		});
		const peek = live((ctx) => limiter.consume(ctx));
		const ban = live((ctx) => limiter.ban(ctx, 60_000));
		const unban = live((ctx) => limiter.unban(ctx));
		const reset = live((ctx) => limiter.reset(ctx));
		env.register('chat', { say, peek, ban, unban, reset });
		const times = async (client: TestClient, count: number): Promise<unknown[]> => {
			const outcomes: unknown[] = [];
			for (let index = 0; index < count; index++) outcomes.push(await codeOf(client.call(say)));
			return outcomes;
		};
		return { say, peek, ban, unban, reset, times };
	}

	it('refuses whoever has used up their points, for as long as they are blocked, in every tab', async () => {
		const { say, times } = chat();
		const [tab, otherTab, other] = [env.connect(ada), env.connect(ada), env.connect(bob)];
		expect(await times(tab, 4)).toEqual(['said', 'said', 'said', OVER]);
		expect(await codeOf(otherTab.call(say))).toBe(OVER);
		expect(await codeOf(other.call(say))).toBe('said');
		await env.advance(29_000);
		expect(await codeOf(tab.call(say))).toBe(OVER);
		await env.advance(2_000);
		expect(await codeOf(tab.call(say))).toBe('said');
	});

	it('says whether there was room, and when there will be', async () => {
		const { peek } = chat();
		const client = env.connect(ada);
		expect(await client.call(peek)).toMatchObject({ allowed: true });
		for (let index = 0; index < 2; index++) await client.call(peek);
		expect(await client.call(peek)).toMatchObject({ allowed: false, retryAfterMs: 30_000 });
	});

	it('takes what a call costs', async () => {
		const { say } = chat();
		const client = env.connect(ada);
		expect(await codeOf(client.call(say, 3))).toBe('said');
		expect(await codeOf(client.call(say))).toBe(OVER);
	});

	it('bans somebody, takes it back, and forgets what somebody has used', async () => {
		const { say, ban, unban, reset, times } = chat();
		const client = env.connect(ada);
		await client.call(ban);
		expect(await codeOf(client.call(say))).toBe(OVER);
		await client.call(unban);
		expect(await times(client, 3)).toEqual(['said', 'said', 'said']);
		await client.call(reset);
		expect(await times(client, 3)).toEqual(['said', 'said', 'said']);
	});
});

describe('a limit for everything', () => {
	it('of each connection counts calls, each call of a batch, bytes and streams, and no other connection', async () => {
		const limited = createTestEnv({ rateLimit: { points: 4, window: 10_000 } });
		const bytes = live.binary((_ctx, data) => data.byteLength);
		limited.register('m', { say: live(() => 'said'), bytes, rows: live.stream('rows', () => []) });
		const [{ client }, other] = [limited.connect(ada), limited.connect(bob)];
		const say = () => codeOf(client.call('m/say', []));
		expect(await client.batch(() => [say(), say(), say()])).toEqual(['said', 'said', 'said']);
		const tab = limited.connect(ada);
		await tab.subscribe('m/rows').ready;
		expect(await tab.binary(bytes, Uint8Array.of(1, 2))).toBe(2);
		expect(await client.batch(() => [say(), say()])).toEqual(['said', OVER]);
		for (let index = 0; index < 2; index++) await tab.call('m/say');
		expect(await codeOf(tab.binary(bytes, Uint8Array.of(1)))).toBe(OVER);
		const late = tab.subscribe('m/rows', 'again');
		await limited.settle();
		expect(late.value).toBeUndefined(); // it waits, and asks again by itself
		await limited.advance(30_000);
		expect(late.value).toEqual([]);
		expect(await other.call('m/say')).toBe('said');
		await limited.cleanup();
	});
});
