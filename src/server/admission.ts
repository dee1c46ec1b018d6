// What every request has to pass before anything is done for it: a budget for each caller, on this process, and whether the
// process can take on more. Calls, each call of a batch, binary calls, uploads and streams all pass here.

import type { Clock } from '../base/clock.ts';
import { LiveError } from '../base/errors.ts';
import type { Caller } from './context.ts';
import { countedAs, type CountedBy } from './identity.ts';
import { Overload, type OverloadOptions } from './overload.ts';
import { assertWindow, SlidingWindow } from './sliding-window.ts';

export interface ServerRateLimit {
	/** How many requests: calls, each one of a batch too, and streams that are opened or ask for what they miss. */
	points: number;
	/** In which time, in milliseconds: a window that slides. */
	window: number;
	/** Who is counted; visitors without an identity by their address. @default 'connection' */
	by?: CountedBy;
}

export interface AdmissionOptions {
	/** How many requests each caller may make on one process. @default no limit */
	rateLimit?: ServerRateLimit;
	/** When functions are refused because this process cannot keep up. @default 250 ms for low priority, 5000 for normal */
	overload?: OverloadOptions;
}

/** Callers are looked through for those who are gone when so many have come since. */
const SWEEP_AT = 1_000;

export class Admission {
	readonly overload: Overload;
	readonly #clock: Clock;
	readonly #limit: ServerRateLimit | null;
	readonly #windows = new Map<string, SlidingWindow>();
	#sweepAt = SWEEP_AT;

	constructor(clock: Clock, { rateLimit, overload }: AdmissionOptions) {
		if (rateLimit) assertWindow({ points: rateLimit.points, windowMs: rateLimit.window });
		this.overload = new Overload(clock, overload);
		this.#clock = clock;
		this.#limit = rateLimit ?? null;
	}

	/** Why this request is not taken; null where it is, and counted. */
	refusal(caller: Caller): LiveError | null {
		if (this.#limit === null) return null;
		const { points, window, by = 'connection' } = this.#limit;
		const key = countedAs({ user: caller.session.user, connection: caller.connection }, by);
		const retryAfterMs = this.#windowOf(key, this.#limit).take(1, this.#clock.now());
		if (retryAfterMs === 0) return null;
		const message = `more than ${points} requests in ${window} ms; the limit is "rateLimit"`;
		return new LiveError('RATE_LIMITED', message, { retryAfterMs });
	}

	/** How many callers are remembered. */
	get callers(): number {
		return this.#windows.size;
	}

	#windowOf(key: string, { points, window }: ServerRateLimit): SlidingWindow {
		let known = this.#windows.get(key);
		if (!known) {
			if (this.#windows.size >= this.#sweepAt) this.#sweep();
			this.#windows.set(key, (known = new SlidingWindow({ points, windowMs: window })));
		}
		return known;
	}

	/** Whoever has used nothing for two windows begins anew all the same. */
	#sweep(): void {
		const now = this.#clock.now();
		for (const [key, window] of this.#windows) if (window.isIdle(now)) this.#windows.delete(key);
		this.#sweepAt = 2 * this.#windows.size + SWEEP_AT;
	}
}
