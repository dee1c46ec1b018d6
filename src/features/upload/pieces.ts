// Bytes that came in pieces and wait to be taken. Invariant: it holds little more than their sum, however small the pieces: a
// client that sends single bytes must not make the process keep an object for each.

/** Smaller ones are joined. */
const SMALL_BYTES = 4 * 1024;
const JOINED_BYTES = 16 * 1024;

export class Pieces {
	#whole: Uint8Array[] = [];
	/** The last one, where small ones are joined in it. */
	#open: { buffer: Uint8Array; used: number } | null = null;

	/** The bytes are copied. */
	append(bytes: Uint8Array): void {
		if (bytes.length >= SMALL_BYTES) {
			this.#close();
			this.#whole.push(new Uint8Array(bytes));
			return;
		}
		if (this.#open && this.#open.used + bytes.length > JOINED_BYTES) this.#close();
		this.#open ??= { buffer: new Uint8Array(JOINED_BYTES), used: 0 };
		this.#open.buffer.set(bytes, this.#open.used);
		this.#open.used += bytes.length;
	}

	/** The oldest; undefined where there is none. */
	take(): Uint8Array | undefined {
		if (this.#whole.length === 0) this.#close();
		return this.#whole.shift();
	}

	#close(): void {
		if (this.#open) this.#whole.push(this.#open.buffer.subarray(0, this.#open.used));
		this.#open = null;
	}
}
