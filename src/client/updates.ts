// Collects what users are to be told until everything that belongs together has happened: a frame with a hundred events
// notifies each listener once, and no listener ever sees, or re-enters, a half-made change.

import type { Clock, Timer } from '../base/clock.ts';

export class Updates {
	readonly #settings: { readonly clock: Clock };
	#depth = 0;
	readonly #calls = new Set<() => void>();

	constructor(settings: { readonly clock: Clock }) {
		this.#settings = settings;
	}

	/** Does `work` and then publishes what it changed, unless it runs inside another one. */
	run<Result>(work: () => Result): Result {
		this.#depth++;
		try {
			return work();
		} finally {
			if (--this.#depth === 0) this.#publish();
		}
	}

	/** Does `work` later, in place of what `timer` was set for. */
	after(delayMs: number, timer: Timer, work: () => void): Timer {
		this.forget(timer);
		return this.#settings.clock.setTimer(() => this.run(work), delayMs);
	}

	/** Ends a timer of `after` where there is one. */
	forget(timer: Timer): void {
		this.#settings.clock.clearTimer(timer);
	}

	/** Calls listeners or hooks when the outermost `run` ends; once, however often the same function is given. */
	afterwards(call: () => void): void {
		this.run(() => this.#calls.add(call));
	}

	#publish(): void {
		const calls = [...this.#calls];
		this.#calls.clear();
		callAll(calls);
	}
}

/**
 * Calls code of the application, also what is removed from the list meanwhile. What it throws is reported as uncaught and
 * disturbs neither the others nor the client.
 */
export function callAll(calls: Iterable<() => void>): void {
	for (const call of [...calls]) {
		try {
			call();
		} catch (error) {
			queueMicrotask(() => {
				throw error;
			});
		}
	}
}
