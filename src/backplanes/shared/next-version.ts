// Versions that only grow, also across the loss of whatever counted them: they follow the clock, in microseconds, and
// count on from the last one where the clock stands still or goes back.

/**
 * The version after `last`.
 * @param wallTimeMs milliseconds since the Unix epoch
 */
export const nextVersion = (last: number, wallTimeMs: number): number =>
	Math.max(last + 1, Math.floor(wallTimeMs * 1_000));
