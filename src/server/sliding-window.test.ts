import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assertWindow, SlidingWindow, waitMs } from './sliding-window.ts';

const spec = { points: 5, windowMs: 1_000 };

describe('a sliding window', () => {
	it('takes as much as fits, and says when the next fits', () => {
		const window = new SlidingWindow(spec);
		expect(Array.from({ length: 6 }, () => window.take(1, 100))).toEqual([0, 0, 0, 0, 0, 1_100]);
		expect(window.take(1, 1_199)).toBeGreaterThan(0);
		expect(window.take(1, 1_200)).toBe(0);
	});

	it('forgets what is older than the window before', () => {
		const window = new SlidingWindow(spec);
		expect(window.take(5, 0)).toBe(0);
		expect(window.take(5, 1_000)).toBe(1_000);
		expect(window.take(5, 2_000)).toBe(0);
	});

	it('says a time after which it takes it, and not much before', () => {
		const steps = fc.array(fc.record({ cost: fc.integer({ min: 1, max: 5 }), afterMs: fc.nat(700) }), {
			minLength: 1
		});
		fc.assert(
			fc.property(steps, (list) => {
				const window = new SlidingWindow(spec);
				let now = 0;
				const wrong = list.filter(({ cost, afterMs }) => {
					now += afterMs;
					const wait = window.take(cost, now);
					if (wait === 0) return false;
					const tooEarly = wait > 1 && window.take(cost, now + wait - 2) === 0;
					now += wait;
					return tooEarly || window.take(cost, now) !== 0;
				});
				expect(wrong).toEqual([]);
			})
		);
	});

	it('lets at most twice its points through in any time of its length, and in the long run its points', () => {
		const window = new SlidingWindow(spec);
		const taken = Array.from({ length: 100_000 }, (_, ms) => ms).filter((ms) => window.take(1, ms) === 0);
		expect(taken.length).toBeLessThanOrEqual(505);
		for (const [index, ms] of taken.entries()) expect((taken[index + 10] ?? Infinity) - ms).toBeGreaterThan(1_000);
	});

	it('refuses what never fits and what is no window', () => {
		expect(() => waitMs({ current: 0, previous: 0, elapsedMs: 0 }, spec, 6)).toThrow(/never fits/);
		for (const bad of [
			{ ...spec, points: 0 },
			{ ...spec, windowMs: 0 },
			{ ...spec, windowMs: Infinity },
			{ ...spec, points: NaN }
		])
			expect(() => assertWindow(bad)).toThrow(RangeError);
	});
});
