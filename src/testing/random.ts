// Random numbers from a seed: the same seed gives the same numbers on every machine, so that a failing run can be repeated.

export class Random {
	#state: number;

	/** @param seed any integer; its lower 32 bits count */
	constructor(seed: number) {
		// Neighbouring seeds are spread by one round of the generator's own mixing.
		this.#state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) >>> 0;
	}

	/** A number in [0, 1), by mulberry32 (Tommy Ettinger, 2017). */
	next(): number {
		this.#state = (this.#state + 0x6d2b79f5) >>> 0;
		let mixed = this.#state;
		mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
		mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
	}

	/** An integer from 0 to `bound` - 1. */
	below(bound: number): number {
		return Math.floor(this.next() * bound);
	}

	/** An integer from `low` to `high`, both included. */
	between(low: number, high: number): number {
		return low + this.below(high - low + 1);
	}

	/** True with this probability. */
	chance(probability: number): boolean {
		return this.next() < probability;
	}

	/** An element of a list that is not empty. */
	pick<Element>(list: readonly Element[]): Element {
		return list[this.below(list.length)] as Element;
	}
}
