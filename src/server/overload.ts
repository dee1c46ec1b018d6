// Sheds load when the event loop of this process takes too long for a pass: what matters least first. Measured from when a
// pass has something to send to when it does, and forgotten by half each second: no timer runs for it.

import type { Clock } from '../base/clock.ts';
import { LiveError } from '../base/errors.ts';

/** How much a function matters: what is `high` is never shed. */
export type Priority = 'low' | 'normal' | 'high';

export interface OverloadOptions {
	/** From which length of a pass on functions of low priority are refused, in milliseconds. @default 250 */
	low?: number;
	/** The same for functions that say nothing. @default 5000 */
	normal?: number;
}

const DEFAULTS = { low: 250, normal: 5_000 };
const HALF_LIFE_MS = 1_000;
/** Whoever was shed is asked to stay away for one to two of these. */
const RETRY_MS = 1_000;

export class Overload {
	readonly #clock: Clock;
	readonly #limits: Readonly<Record<Priority, number>>;
	#lagMs = 0;
	/** When that was measured. */
	#measuredMs = 0;

	constructor(clock: Clock, options: OverloadOptions = {}) {
		this.#clock = clock;
		this.#limits = { ...DEFAULTS, ...options, high: Infinity };
	}

	/** A pass took that long. */
	measured(lagMs: number, nowMs: number): void {
		this.#lagMs = Math.max(lagMs, this.#lagAt(nowMs));
		this.#measuredMs = nowMs;
	}

	/** How long passes take, in milliseconds, with what is longer ago counting less. */
	get lagMs(): number {
		return this.#lagAt(this.#clock.now());
	}

	#lagAt(nowMs: number): number {
		return this.#lagMs * 2 ** ((this.#measuredMs - nowMs) / HALF_LIFE_MS);
	}

	/** Why something of this priority is not begun now; null where it may be. */
	refusal(priority: Priority = 'normal'): LiveError | null {
		// Most of the time nothing comes near a limit, and nobody has to know the time.
		if (this.#lagMs < this.#limits[priority] || this.lagMs < this.#limits[priority]) return null;
		const message = `the server is overloaded: a pass took ${Math.round(this.#lagMs)} ms`;
		return new LiveError('OVERLOADED', message, { retryAfterMs: RETRY_MS });
	}
}
