// A sliding window from two counters: what happened in the current window, and of the one before as much as still lies in the
// last `windowMs`, as if it had been spread evenly.

export interface WindowSpec {
	/** How much fits. */
	points: number;
	/** In which time, in milliseconds. */
	windowMs: number;
}

export interface WindowCounts {
	current: number;
	previous: number;
	/** Since the current window began, in milliseconds. */
	elapsedMs: number;
}

/**
 * How long until `cost` more fit, in milliseconds; 0: now.
 * @throws {RangeError} where it never fits
 */
export function waitMs({ current, previous, elapsedMs }: WindowCounts, spec: WindowSpec, cost: number): number {
	const { points, windowMs } = spec;
	if (cost > points) throw new RangeError(`a cost of ${cost} never fits into ${points} points`);
	const left = points - cost;
	if (previous * (1 - elapsedMs / windowMs) + current <= left) return 0;
	// Either enough of the previous window passes, or the next one begins and enough of the current one passes.
	if (current <= left) return Math.max(1, Math.ceil(windowMs * (1 - (left - current) / previous) - elapsedMs));
	return Math.max(1, Math.ceil(windowMs - elapsedMs + windowMs * Math.max(0, 1 - left / current)));
}

/** @throws {RangeError} for a window that lets nothing through or never ends */
export function assertWindow({ points, windowMs }: WindowSpec): void {
	if (!(points >= 1)) throw new RangeError(`"points" must be at least 1, not ${points}`);
	if (!(windowMs >= 1 && windowMs < Infinity))
		throw new RangeError(`the window must have at least one millisecond, not ${windowMs}`);
}

/** One window of this process alone. */
export class SlidingWindow {
	readonly #spec: WindowSpec;
	#index = 0;
	#current = 0;
	#previous = 0;

	constructor(spec: WindowSpec) {
		this.#spec = spec;
	}

	/** Whether nothing that was taken counts any more. */
	isIdle(nowMs: number): boolean {
		return Math.floor(nowMs / this.#spec.windowMs) > this.#index + 1;
	}

	/** Takes what fits. Returns how long to wait where it does not, in milliseconds; 0: it was taken. */
	take(cost: number, nowMs: number): number {
		const { windowMs } = this.#spec;
		const index = Math.floor(nowMs / windowMs);
		if (index !== this.#index) {
			this.#previous = index === this.#index + 1 ? this.#current : 0;
			this.#current = 0;
			this.#index = index;
		}
		const counts = { current: this.#current, previous: this.#previous, elapsedMs: nowMs - index * windowMs };
		const wait = waitMs(counts, this.#spec, cost);
		if (wait === 0) this.#current += cost;
		return wait;
	}
}
