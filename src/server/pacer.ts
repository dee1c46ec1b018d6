// Throttling and debouncing by key. Throttle: the first value at once, then at most one per interval, the last value
// always. Debounce: the last value, after an interval of silence.

import type { Clock, Timer } from '../base/clock.ts';

interface Pace {
	timer: Timer;
	/** What to run when the interval ends; null where nothing came since. */
	next: (() => void) | null;
}

export class Pacer {
	readonly #clock: Clock;
	readonly #throttles = new Map<string, Pace>();
	readonly #debounces = new Map<string, Pace>();

	constructor(clock: Clock) {
		this.#clock = clock;
	}

	throttle(key: string, intervalMs: number, run: () => void): void {
		const pace = this.#throttles.get(key);
		if (pace) {
			pace.next = run;
			return;
		}
		this.#rest(key, intervalMs);
		run();
	}

	#rest(key: string, intervalMs: number): void {
		const timer = this.#clock.setTimer(() => this.#awake(key, intervalMs), intervalMs);
		this.#throttles.set(key, { timer, next: null });
	}

	#awake(key: string, intervalMs: number): void {
		const next = this.#throttles.get(key)?.next;
		this.#throttles.delete(key);
		if (!next) return;
		this.#rest(key, intervalMs);
		next();
	}

	debounce(key: string, silenceMs: number, run: () => void): void {
		const before = this.#debounces.get(key);
		if (before) this.#clock.clearTimer(before.timer);
		const timer = this.#clock.setTimer(() => {
			this.#debounces.delete(key);
			run();
		}, silenceMs);
		this.#debounces.set(key, { timer, next: run });
	}

	/** Runs everything that still waits, at once: what was promised to be published is published before a shutdown. */
	flush(): void {
		for (const paces of [this.#throttles, this.#debounces]) {
			const waiting = [...paces.values()];
			paces.clear();
			for (const { timer, next } of waiting) {
				this.#clock.clearTimer(timer);
				next?.();
			}
		}
	}
}
