import { afterEach, describe, expect, it } from 'vitest';
import { live } from '../live/index.ts';
import { createTestEnv, type TestEnv } from '../testing/index.ts';
import { VirtualClock } from '../testing/virtual-clock.ts';
import type { Caller } from './context.ts';
import { Admission, type ServerRateLimit } from './admission.ts';
import { Overload } from './overload.ts';

let env: TestEnv;
afterEach(() => env.cleanup());

const codeOf = (error: unknown): string => (error as { code: string }).code;

function begin(rateLimit: ServerRateLimit) {
	env = createTestEnv({ rateLimit });
	env.register('m', { say: live(() => 'said'), rows: live.stream('rows', () => []) });
}

describe('the budget of a caller', () => {
	it('counts calls, each call of a batch, and streams', async () => {
		begin({ points: 5, window: 1_000 });
		const ann = env.connect({ id: 'ann' });
		await ann.subscribe('m/rows').ready;
		const one = await ann.call('m/say');
		const batch = await ann.client.batch(() => [1, 2, 3, 4].map(() => ann.client.call('m/say', []).catch(codeOf)));
		expect([one, ...batch]).toEqual(['said', 'said', 'said', 'said', 'RATE_LIMITED']);
		await expect(ann.call('m/say')).rejects.toMatchObject({
			code: 'RATE_LIMITED',
			message: 'more than 5 requests in 1000 ms; the limit is "rateLimit"',
			retryAfterMs: expect.any(Number) as number
		});
		await env.advance(2_000);
		expect(await ann.call('m/say')).toBe('said');
	});

	it('is used up by opening and closing streams, which open by themselves when they may', async () => {
		begin({ points: 2, window: 1_000 });
		const ann = env.connect({ id: 'ann' });
		const streams = ['a', 'b', 'c'].map((name) => ann.subscribe('m/rows', name));
		await env.settle();
		expect(streams.map(({ value }) => value)).toEqual([[], [], undefined]);
		await env.advance(10_000);
		expect(streams.map(({ value }) => value)).toEqual([[], [], []]);
	});

	it('is one for each connection, or for each user, or for each address', async () => {
		for (const [by, expected] of [
			['connection', ['said', 'said', 'said']],
			['user', ['said', 'RATE_LIMITED', 'said']],
			['address', ['said', 'RATE_LIMITED', 'RATE_LIMITED']]
		] as const) {
			begin({ points: 1, window: 1_000, by });
			const clients = ['ann', 'ann', 'bob'].map((id) => env.connect({ id }));
			const outcomes = [];
			for (const client of clients) outcomes.push(await client.call('m/say').catch(codeOf));
			expect(outcomes).toEqual(expected);
			await env.cleanup();
		}
	});

	it('forgets callers who are gone', async () => {
		const clock = new VirtualClock();
		const admission = new Admission(clock, { rateLimit: { points: 1, window: 1_000, by: 'user' } });
		const caller = (id: number) =>
			({ session: { user: { id } }, connection: { id: `c${id}` } }) as unknown as Caller;
		for (let id = 0; id < 100_000; id++) {
			expect(admission.refusal(caller(id))).toBeNull();
			if (id % 500 === 0) await clock.advance(1_000);
		}
		expect(admission.callers).toBeLessThan(3_000);
		begin({ points: 1, window: 1_000 });
	});
});

describe('a process that cannot keep up', () => {
	it('refuses what matters least first, and takes it again soon after', async () => {
		const clock = new VirtualClock();
		const overload = new Overload(clock);
		const refused = () => (['low', 'normal', 'high'] as const).filter((level) => overload.refusal(level) !== null);
		expect(refused()).toEqual([]);
		overload.measured(300, clock.now());
		expect(refused()).toEqual(['low']);
		expect(overload.refusal('low')).toMatchObject({ code: 'OVERLOADED', retryAfterMs: 1_000 });
		overload.measured(8_000, clock.now());
		expect(refused()).toEqual(['low', 'normal']);
		await clock.advance(1_000);
		overload.measured(1, clock.now());
		expect(refused()).toEqual(['low']);
		await clock.advance(5_000);
		expect(refused()).toEqual([]);
	});

	it('measures what its own handlers take', async () => {
		env = createTestEnv({ overload: { low: 50 } });
		const { clock } = env.server.host;
		const now = clock.now.bind(clock);
		let block = 0;
		clock.now = () => now() + block;
		env.register('m', {
			block: live(() => void (block += 100)),
			dig: live.priority('low', () => 'dug'),
			say: live(() => 'said'),
			rows: live.priority(
				'low',
				live.stream('rows', () => [])
			)
		});
		const ann = env.connect({ id: 'ann' });
		expect(await ann.call('m/dig')).toBe('dug');
		await ann.call('m/block');
		await expect(ann.call('m/dig')).rejects.toMatchObject({ code: 'OVERLOADED' });
		expect(await ann.call('m/say')).toBe('said');
		const rows = ann.subscribe('m/rows');
		await env.settle();
		expect(rows.value).toBeUndefined();
		block = 0; // the clock of the test moves what is due by itself
		await env.advance(30_000);
		expect(rows.value).toEqual([]);
	});

	it('has three priorities', () => {
		expect(() => live.priority('lowest' as never, () => 1)).toThrow(/low, normal or high, not "lowest"/);
		env = createTestEnv();
	});
});
