import { expect, it } from 'vitest';
import { BACKOFF_DEFAULTS, backoffMs } from './backoff.ts';

it('draws from zero to a bound that doubles with each failure, up to the cap', () => {
	const bounds = [0, 1, 2, 3, 4, 1_000].map((attempt) => backoffMs(attempt, 0.999_999));
	expect(bounds).toEqual([4_499, 8_999, 17_999, 29_999, 29_999, 29_999]);
	expect(backoffMs(3, 0)).toBe(0);
	expect(backoffMs(0, 0.5)).toBe(2_250);
});

it('leaves half a second for connecting, of the five within which 99 of 100 are to be back', () => {
	expect(5_000 - 0.99 * BACKOFF_DEFAULTS.firstMs).toBeGreaterThan(500);
});
