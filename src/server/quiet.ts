// Waits until nothing runs any more, for a while at most.

import type { Clock } from '../base/clock.ts';

export class Quiet {
	readonly #clock: Clock;
	/** Handlers that run, also those whose caller has gone: what they have stored, they have still to publish. */
	#handlers = 0;
	#onQuieter: (() => void) | null = null;

	constructor(clock: Clock) {
		this.#clock = clock;
	}

	get handlers(): number {
		return this.#handlers;
	}

	/** A handler runs until this settles. */
	count(outcome: PromiseLike<unknown>): void {
		this.#handlers++;
		const end = (): void => {
			this.#handlers--;
			this.changed();
		};
		outcome.then(end, end);
	}

	/** Something has ended that is waited for. */
	changed(): void {
		this.#onQuieter?.();
	}

	/** Waits until `isQuiet`, at most `limitMs`. */
	until(isQuiet: () => boolean, limitMs: number): Promise<void> {
		if (isQuiet()) return Promise.resolve();
		return new Promise((resolve) => {
			const done = (): void => {
				this.#clock.clearTimer(timer);
				this.#onQuieter = null;
				resolve();
			};
			const timer = this.#clock.setTimer(done, limitMs);
			this.#onQuieter = () => isQuiet() && done();
		});
	}
}
