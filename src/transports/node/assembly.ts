// A payload that comes in pieces, joined as they come. Invariant: it takes at most twice the bytes that came, however small
// the pieces, and joining takes time in proportion to them.

const FIRST_BYTES = 64;

export class Assembly {
	#buffer: Buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
	#bytes = 0;

	append(piece: Buffer): void {
		const bytes = this.#bytes + piece.length;
		if (bytes > this.#buffer.length) this.#grow(bytes);
		piece.copy(this.#buffer, this.#bytes);
		this.#bytes = bytes;
	}

	/** What came so far: valid until the next piece. */
	get joined(): Buffer {
		return this.#buffer.subarray(0, this.#bytes);
	}

	#grow(bytes: number): void {
		const grown = Buffer.allocUnsafeSlow(Math.max(bytes, 2 * this.#buffer.length));
		this.#buffer.copy(grown, 0, 0, this.#bytes);
		this.#buffer = grown;
	}
}
