// How much more a client takes. Whoever sends waits here until it takes some, or until the call is over.

export class Credit {
	#left: number;
	#isOver = false;
	#wake: () => void = () => {};

	constructor(first: number) {
		this.#left = first;
	}

	get isOver(): boolean {
		return this.#isOver;
	}

	add(more: number): void {
		this.#left += more;
		this.#wake();
	}

	/** What was sent may be more than was left; the next one waits for that. */
	use(cost: number): void {
		this.#left -= cost;
	}

	end(): void {
		this.#isOver = true;
		this.#wake();
	}

	/** Returns when there is some, or it is over. */
	async some(): Promise<void> {
		while (this.#left <= 0 && !this.#isOver) await new Promise<void>((resolve) => (this.#wake = resolve));
	}
}
