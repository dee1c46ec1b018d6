// Collects what users are to be told until everything that belongs together has happened: a frame with a hundred events
// notifies each listener once, and no listener ever sees, or re-enters, a half-made change.

import type { Clock, Timer } from '../base/clock.ts';

export class Updates {
	readonly #settings: { readonly clock: Clock };
	#depth = 0;
	readonly #changed = new Set<() => void>();
	#notices: (() => void)[] = [];

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

	/** Calls `publish` when the outermost `run` ends; once, however often it is given. */
	changed(publish: () => void): void {
		this.run(() => this.#changed.add(publish));
	}

	/** Calls a hook of the application when the outermost `run` ends. */
	notice(call: () => void): void {
		this.run(() => this.#notices.push(call));
	}

	#publish(): void {
		const changed = [...this.#changed];
		const notices = this.#notices;
		this.#changed.clear();
		this.#notices = [];
		for (const publish of changed) publish();
		for (const call of notices) callSafely(call);
	}
}

/** Calls code of the application. What it throws is reported as uncaught and does not disturb the client. */
export function callSafely(call: () => void): void {
	try {
		call();
	} catch (error) {
		queueMicrotask(() => {
			throw error;
		});
	}
}

/** Calls every listener, also those that others remove meanwhile. */
export function callAll(listeners: Iterable<() => void>): void {
	for (const listener of [...listeners]) callSafely(listener);
}
