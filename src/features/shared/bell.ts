// Lets a loop sleep until something has happened. Invariant: a ring while nobody waits is not lost.

import type { Clock, Timer } from '../../base/clock.ts';

export class Bell {
	readonly #clock: Clock;
	#rung = false;
	#wake: (() => void) | null = null;

	constructor(clock: Clock) {
		this.#clock = clock;
	}

	ring(): void {
		this.#rung = true;
		this.#wake?.();
	}

	/**
	 * Resolves when it rings, at once where it has rung since the last wait, and after `maxMs` in any case. Returns whether
	 * it rang.
	 */
	wait(maxMs: number | null = null): Promise<boolean> {
		return new Promise((resolve) => {
			let timer: Timer = null;
			const wake = (): void => {
				this.#clock.clearTimer(timer);
				this.#wake = null;
				resolve(this.#rung);
				this.#rung = false;
			};
			if (this.#rung) return wake();
			if (maxMs !== null) timer = this.#clock.setTimer(wake, maxMs);
			this.#wake = wake;
		});
	}
}
