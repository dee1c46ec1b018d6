// Reconnect delays with full jitter, after "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015): a uniform
// draw from zero to a growing cap spreads a herd of clients best. The first draw leaves half a second of the five within
// which a herd is to be back for connecting.

export interface BackoffOptions {
	/** Upper bound of the first delay, in milliseconds. @default 4500 */
	firstMs: number;
	/** Upper bound of every delay, in milliseconds. @default 30000 */
	capMs: number;
}

export const BACKOFF_DEFAULTS: BackoffOptions = { firstMs: 4_500, capMs: 30_000 };

/**
 * The delay before attempt number `attempt` (0 is the first retry), in milliseconds.
 * @param random a number in [0, 1)
 */
export function backoffMs(attempt: number, random: number, options: BackoffOptions = BACKOFF_DEFAULTS): number {
	const ceiling = Math.min(options.capMs, options.firstMs * 2 ** Math.min(attempt, 30));
	return Math.floor(random * ceiling);
}
