// A file on its way from a client to a handler. Invariant: no more than a window of it waits here, and each byte is given out
// once, in order.

import { LiveError } from '../../base/errors.ts';
import type { Chunk } from '../../protocol/binary.ts';
import type { FileFacts } from '../../protocol/call.ts';
import { Pieces } from './pieces.ts';

/** A file that a client uploads. Its name and type are what the client says: check what matters. */
export interface UploadedFile {
	/** Empty where it has none. Never a path to be trusted. */
	readonly name: string;
	/** The media type; empty where the client knows none. */
	readonly type: string;
	/** In bytes. More never comes. */
	readonly size: number;
	/**
	 * The bytes, in order, as they come; once. The client sends further ones as these are taken.
	 * @throws {LiveError} where the rest will not come: CANCELLED, TIMEOUT, CONNECTION_LOST, GOING_AWAY
	 */
	stream(): AsyncIterable<Uint8Array>;
	/** All of it, in memory. In place of `stream`. */
	bytes(): Promise<Uint8Array>;
}

export class IncomingFile implements UploadedFile {
	readonly name: string;
	readonly type: string;
	readonly size: number;
	readonly #windowBytes: number;
	readonly #onTaken: () => void;
	readonly #pieces = new Pieces();
	#received = 0;
	/** What the handler is done with. */
	#taken = 0;
	#streamed = false;
	#failure: LiveError | null = null;
	#wake: () => void = () => {};

	/** @param onTaken told when the handler is given a piece, and when it is done with it */
	constructor({ name, type, size }: FileFacts, windowBytes: number, onTaken: () => void) {
		this.name = name;
		this.type = type;
		this.size = size;
		this.#windowBytes = windowBytes;
		this.#onTaken = onTaken;
	}

	get received(): number {
		return this.#received;
	}

	/** How far a client may send now. */
	get until(): number {
		return Math.min(this.size, this.#taken + this.#windowBytes);
	}

	/** @throws {LiveError} PROTOCOL_ERROR where it is not what was asked for */
	receive({ offset, bytes }: Chunk, until: number): void {
		const end = offset + bytes.length;
		if (offset !== this.#received || bytes.length === 0 || end > until) {
			const asked = `the bytes from ${this.#received} until ${until}`;
			throw new LiveError('PROTOCOL_ERROR', `the bytes from ${offset} until ${end} came in place of ${asked}`);
		}
		this.#received = end;
		this.#pieces.append(bytes);
		this.#wake();
	}

	/** No more will come. What waits is not given out any more. */
	fail(reason: LiveError): void {
		this.#failure ??= reason;
		this.#wake();
	}

	stream(): AsyncIterable<Uint8Array> {
		if (this.#streamed) throw new Error('the file is read already: stream() and bytes() work once');
		this.#streamed = true;
		return this.#read();
	}

	async bytes(): Promise<Uint8Array> {
		const all = new Uint8Array(this.size);
		let at = 0;
		for await (const piece of this.stream()) {
			all.set(piece, at);
			at += piece.length;
		}
		return all;
	}

	async *#read(): AsyncGenerator<Uint8Array> {
		for (;;) {
			if (this.#failure) throw this.#failure;
			const piece = this.#pieces.take();
			if (piece) {
				this.#onTaken();
				yield piece;
				this.#taken += piece.length;
				this.#onTaken();
			} else if (this.#taken === this.size) return;
			else await new Promise<void>((resolve) => (this.#wake = resolve));
		}
	}
}
