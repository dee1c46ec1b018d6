// One direction of a connection in memory: what is put in comes out later, in the same order, while it is open and read.

import type { Clock } from '../base/clock.ts';

export interface PipeOptions {
	clock: Clock;
	/** How long the next item travels, in milliseconds; 0 for the next pass of the event loop. */
	latencyMs: () => number;
}

export class Pipe {
	readonly #options: PipeOptions;
	#items: (() => void)[] = [];
	/** Items that have travelled and that a paused reader has not taken. */
	#arrived = 0;
	#lastArrivalMs = 0;
	#paused = false;
	#open = true;

	constructor(options: PipeOptions) {
		this.#options = options;
	}

	/** Puts something in; `deliver` runs at the other end. */
	put(deliver: () => void): void {
		if (!this.#open) return;
		const { clock, latencyMs } = this.#options;
		this.#items.push(deliver);
		// What left later never arrives earlier.
		const arrivalMs = Math.max(this.#lastArrivalMs, clock.now() + latencyMs());
		this.#lastArrivalMs = arrivalMs;
		if (arrivalMs <= clock.now()) clock.defer(this.#arrive);
		else clock.setTimer(this.#arrive, arrivalMs - clock.now());
	}

	/** The reader takes nothing until `resume`. */
	pause(): void {
		this.#paused = true;
	}

	resume(): void {
		if (!this.#paused) return;
		this.#paused = false;
		this.#options.clock.defer(this.#takeAll);
	}

	/** What is inside is lost, and whatever comes. */
	shut(): void {
		this.#open = false;
		this.#items = [];
		this.#arrived = 0;
	}

	readonly #arrive = (): void => {
		if (!this.#open) return;
		this.#arrived++;
		this.#takeAll();
	};

	readonly #takeAll = (): void => {
		while (this.#open && !this.#paused && this.#arrived > 0) {
			this.#arrived--;
			this.#items.shift()?.();
		}
	};
}
