import { afterEach, describe, expect, it } from 'vitest';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { guard, live, rateLimiter, type LiveError } from '../../live/index.ts';
import { createTestEnv } from '../../testing/index.ts';

const env = createTestEnv();
afterEach(() => env.cleanup());

const perTen = { points: 2, window: 10_000 };
const codeOf = (error: unknown): string => (error as LiveError).code;
const RATE_LIMITED = { code: 'RATE_LIMITED', retryAfterMs: expect.any(Number) as number };

/** Makes a number of whatever it is given. */
const number: StandardSchemaV1<string, number> = {
	'~standard': { version: 1, vendor: 'test', validate: (value) => ({ value: Number(value) }) }
};

describe('live.rateLimit', () => {
	it('refuses whoever calls too often, for as long as it says, and nobody else', async () => {
		env.register('m', { say: live.rateLimit(perTen, (_, text: string) => text) });
		const [ann, annToo, bob] = [env.connect({ id: 'ann' }), env.connect({ id: 'ann' }), env.connect({ id: 'bob' })];
		expect([await ann.call('m/say', '1'), await annToo.call('m/say', '2')]).toEqual(['1', '2']);
		const error = (await ann.call('m/say', '3').catch((cause: unknown) => cause)) as LiveError;
		expect(error).toMatchObject(RATE_LIMITED);
		expect(error.message).toBe('"m/say" may be used 2 times in 10000 ms');
		expect(await bob.call('m/say', '1')).toBe('1');
		await env.advance(error.retryAfterMs!);
		expect(await ann.call('m/say', '4')).toBe('4');
	});

	it('is not evaded by a batch', async () => {
		env.register('m', { say: live.rateLimit(perTen, () => 'said') });
		const { client } = env.connect({ id: 'ann' });
		const calls = client.batch(() => [1, 2, 3, 4].map(() => client.call('m/say', []).catch(codeOf)));
		expect(await calls).toEqual(['said', 'said', 'RATE_LIMITED', 'RATE_LIMITED']);
	});

	it('counts visitors by address, connections and keys of your own by themselves', async () => {
		env.register('m', {
			open: live.rateLimit(perTen, () => 'ok'),
			each: live.rateLimit({ ...perTen, by: 'connection' }, () => 'ok'),
			all: live.rateLimit({ ...perTen, by: () => 'everybody' }, () => 'ok')
		});
		const [one, two] = [env.connect(null), env.connect(null)];
		const outcomes = async (path: string): Promise<string[]> => {
			const calls = [one, one, two, two].map((visitor) => visitor.call(path).catch(codeOf));
			return (await Promise.all(calls)) as string[];
		};
		// In a test all come from the same address.
		expect(await outcomes('m/open')).toEqual(['ok', 'ok', 'RATE_LIMITED', 'RATE_LIMITED']);
		expect(await outcomes('m/each')).toEqual(['ok', 'ok', 'ok', 'ok']);
		expect(await outcomes('m/all')).toEqual(['ok', 'ok', 'RATE_LIMITED', 'RATE_LIMITED']);
	});

	it('has one budget for functions of one name, and for each function otherwise', async () => {
		const limit = { ...perTen, name: 'writes' };
		env.register('m', {
			add: live.rateLimit(limit, () => 'ok'),
			drop: live.rateLimit(limit, () => 'ok'),
			look: live.rateLimit(perTen, () => 'ok')
		});
		const ann = env.connect({ id: 'ann' });
		await ann.call('m/add');
		await ann.call('m/drop');
		await expect(ann.call('m/add')).rejects.toMatchObject(RATE_LIMITED);
		expect(await ann.call('m/look')).toBe('ok');
	});

	it('comes before guards and schemas, and what it wraps keeps all that it is', async () => {
		let guarded = 0;
		const rows = live.stream('rows', () => [{ id: 1 }]);
		const add = live.validated(number, (_, n) => n);
		const module = {
			_guard: guard(() => void guarded++),
			rows: live.rateLimit(perTen, rows),
			add: live.rateLimit(perTen, add),
			bare: add
		};
		env.register('m', module);
		const ann = env.connect({ id: 'ann' });
		expect([await ann.call('m/add', '1'), await ann.call('m/add', '2')]).toEqual([1, 2]);
		await expect(ann.call('m/add', '3')).rejects.toMatchObject(RATE_LIMITED);
		expect(guarded).toBe(2);
		expect(await ann.call('m/bare', '3')).toBe(3);
		const list = ann.subscribe(module.rows);
		await list.ready;
		await env.publish(module.rows.topic(), 'created', { id: 2 });
		await env.settle();
		expect(list.value).toEqual([{ id: 1 }, { id: 2 }]);
	});

	it('refuses options that let nothing through', () => {
		expect(() => live.rateLimit({ points: 0, window: 1 }, () => 1)).toThrow(/"points"/);
		expect(() => live.rateLimit({ points: 1, window: 0 }, () => 1)).toThrow(/window/);
		expect(() => live.rateLimit(perTen, {} as never)).toThrow(TypeError);
	});
});

describe('a rateLimiter', () => {
	it('takes what a call costs, bans, and forgets', async () => {
		const limiter = rateLimiter({ name: 'exports', points: 10, window: 60_000 });
		env.register('m', {
			take: live(async (context, cost: number) => (await limiter.consume(context, cost)).remaining),
			assert: live((context, cost: number) => limiter.assert(context, cost)),
			reset: live((context) => limiter.reset(context)),
			ban: live((context) => limiter.ban(context, 5_000)),
			unban: live((context) => limiter.unban(context))
		});
		const ann = env.connect({ id: 'ann' });
		expect(await ann.call('m/take', 7)).toBe(3);
		await expect(ann.call('m/assert', 4)).rejects.toMatchObject(RATE_LIMITED);
		await ann.call('m/reset');
		expect(await ann.call('m/take', 1)).toBe(9);
		await ann.call('m/ban');
		await expect(ann.call('m/assert', 1)).rejects.toMatchObject(RATE_LIMITED);
		await ann.call('m/unban');
		expect(await ann.call('m/take', 1)).toBe(8);
	});
});
