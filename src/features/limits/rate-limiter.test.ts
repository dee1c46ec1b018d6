import { describe, expect, it } from 'vitest';
import { MemoryStore } from '../../backplanes/memory/memory-store.ts';
import { VirtualClock } from '../../testing/virtual-clock.ts';
import { RateLimiter, type RateLimitSpec } from './rate-limiter.ts';

/** Two processes that count together. */
function world(spec: Partial<RateLimitSpec> = {}) {
	const clock = new VirtualClock();
	const store = new MemoryStore(clock);
	const make = () => new RateLimiter('chat', { points: 5, windowMs: 1_000, ...spec }, { store, clock });
	const take = async (limiter: RateLimiter, key: string, times: number): Promise<boolean[]> => {
		const verdicts = [];
		for (let count = 0; count < times; count++) verdicts.push((await limiter.consume(key)).allowed);
		return verdicts;
	};
	return { clock, store, one: make(), two: make(), take };
}

const yes = (count: number): boolean[] => Array.from({ length: count }, () => true);

describe('a rate limit', () => {
	it('counts what all processes take together, each key by itself', async () => {
		const { one, two, take } = world();
		expect(await take(one, 'ann', 3)).toEqual(yes(3));
		expect(await take(two, 'ann', 3)).toEqual([true, true, false]);
		expect(await take(two, 'bob', 1)).toEqual([true]);
		expect(await one.consume('ann')).toEqual({
			allowed: false,
			remaining: 0,
			retryAfterMs: expect.any(Number) as number
		});
	});

	it('says when to try again, and is right', async () => {
		const { clock, one, take } = world();
		await take(one, 'ann', 5);
		const { retryAfterMs } = await one.consume('ann');
		await clock.advance(retryAfterMs - 1);
		expect((await one.consume('ann')).allowed).toBe(false);
		await clock.advance(1);
		expect(await one.consume('ann')).toMatchObject({ allowed: true, retryAfterMs: 0 });
	});

	it('does not count what it refused', async () => {
		const { clock, one, take } = world();
		await take(one, 'ann', 500);
		await clock.advance(2_000);
		expect(await take(one, 'ann', 5)).toEqual(yes(5));
	});

	it('does not ask the store while it knows the answer', async () => {
		const { clock, store, one, take } = world();
		await take(one, 'ann', 6);
		const count = store.count.bind(store);
		let asked = 0;
		store.count = (additions) => (asked++, count(additions));
		await take(one, 'ann', 100);
		expect(asked).toBe(0);
		await clock.advance(2_000);
		await take(one, 'ann', 1);
		expect(asked).toBe(1);
	});

	it('takes a cost as a whole or not at all', async () => {
		const { one } = world();
		expect(await one.consume('ann', 3)).toMatchObject({ allowed: true, remaining: 2 });
		expect(await one.consume('ann', 3)).toMatchObject({ allowed: false });
		await expect(one.consume('bob', 6)).rejects.toThrow(/never fits/);
		for (const cost of [0, -1, 1.5, NaN]) await expect(one.consume('bob', cost)).rejects.toThrow(/whole number/);
	});

	it('refuses whoever went over it for as long as it says, on every process', async () => {
		const { clock, one, two, take } = world({ blockMs: 10_000 });
		await take(one, 'ann', 5);
		expect(await one.consume('ann')).toMatchObject({ allowed: false, retryAfterMs: 10_000 });
		await clock.advance(5_000);
		expect((await two.consume('ann')).allowed).toBe(false);
		await clock.advance(20_000);
		expect([(await one.consume('ann')).allowed, (await two.consume('ann')).allowed]).toEqual([true, true]);
	});

	it('bans, ends bans, and forgets', async () => {
		const { one, two, take } = world();
		await one.ban('eve', 60_000);
		expect((await two.consume('eve')).allowed).toBe(false);
		await two.unban('eve');
		expect((await two.consume('eve')).allowed).toBe(true);
		await take(one, 'ann', 6);
		await one.reset('ann');
		expect(await take(one, 'ann', 6)).toEqual([...yes(5), false]);
	});
});
