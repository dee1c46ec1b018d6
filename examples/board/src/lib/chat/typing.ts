// Tells the others that this page's user types: once when it begins, and once when it has ended.

/** Nobody types who has not touched a key for so long. */
const PAUSE_MS = 4_000;

export class Typing {
	readonly #tell: (isTyping: boolean) => void;
	#pause: ReturnType<typeof setTimeout> | undefined;

	constructor(tell: (isTyping: boolean) => void) {
		this.#tell = tell;
	}

	/** The message has changed. */
	changed(text: string): void {
		if (text.trim() === '') return this.ended();
		if (this.#pause === undefined) this.#tell(true);
		clearTimeout(this.#pause);
		this.#pause = setTimeout(() => this.ended(), PAUSE_MS);
	}

	/** It was sent, taken back, or left alone. */
	ended(): void {
		if (this.#pause === undefined) return;
		clearTimeout(this.#pause);
		this.#pause = undefined;
		this.#tell(false);
	}
}
