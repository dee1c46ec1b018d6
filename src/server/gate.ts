// Lets a bounded number in at a time; the others wait in order.

import type { MaybePromise } from '../base/maybe-promise.ts';

export class Gate {
	#free: number;
	#waiting: (() => void)[] | null = null;

	constructor(places: number) {
		this.#free = places;
	}

	/** Returns at once where a place is free. Every `enter` is followed by one `leave`. */
	enter(): MaybePromise<void> {
		if (this.#free > 0) {
			this.#free--;
			return;
		}
		return new Promise((resolve) => (this.#waiting ??= []).push(resolve));
	}

	leave(): void {
		const next = this.#waiting?.shift();
		if (next) next();
		else this.#free++;
	}
}
