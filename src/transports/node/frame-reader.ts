// Reads the frames of a client, as strictly as `ws` does (frame-reader.test.ts runs the same inputs through both).
// Invariants: a message is reported whole or not at all; nothing is reported behind a close or a violation; what is kept of
// an unfinished message is bounded by what came in and by the limit, never by what a header announces.

import { isUtf8 } from 'node:buffer';
import { Assembly } from './assembly.ts';
import { INVALID_TEXT, isCloseCode, NO_CODE, PROTOCOL_VIOLATION, TOO_BIG } from './close-code.ts';
import {
	BINARY,
	CLOSE,
	FLAG_BYTES,
	isAllowed,
	isControl,
	isFinal,
	lengthEnd,
	MASK_BYTES,
	MAX_HEADER_BYTES,
	opcodeOf,
	payloadLength,
	PING,
	PONG
} from './frame-header.ts';
import { turned, unmask } from './mask.ts';

/** Who is told what was read. */
export interface FrameSink {
	onMessage(data: string | Uint8Array): void;
	/** The payload is a part of what is being read: keep a copy. */
	onPing(payload: Uint8Array): void;
	onPong(): void;
	/** The peer's close frame; the code is 1005 where it has none. */
	onCloseFrame(code: number, reason: string): void;
	/** The peer broke the rules; the code says which. */
	onViolation(code: number): void;
}

export class FrameReader {
	readonly #maxBytes: number;
	#sink: FrameSink | null = null;
	/** The beginning of a header whose rest has not come. */
	#header: Assembly | null = null;
	/** Of the frame that is being read, from behind its header until its end. */
	#inPayload = false;
	#first = 0;
	#mask = 0;
	#length = 0;
	#remaining = 0;
	/** A control frame that did not come at once. */
	#control: Assembly | null = null;
	/** TEXT or BINARY while a message is unfinished, else 0. */
	#kind = 0;
	/** Of the message: its payload, where it did not come at once. */
	#message: Assembly | null = null;
	/** The payload, with what the last header announces. */
	#messageBytes = 0;
	/** The payload's bytes, or'ed: below 0x80 it is ASCII. */
	#bits = 0;
	#ended = false;

	/** @param maxBytes of a message's payload, all its frames together */
	constructor(maxBytes: number) {
		this.#maxBytes = maxBytes;
	}

	/** Whether nothing is kept of what was read: it could go on with another connection. */
	get isIdle(): boolean {
		return !this.#inPayload && this.#kind === 0 && this.#header === null && !this.#ended;
	}

	/** Reads what came in. The chunk is changed, and messages in bytes are parts of it. */
	read(chunk: Buffer, sink: FrameSink): void {
		this.#sink = sink;
		let at = 0;
		while (at < chunk.length && !this.#ended) {
			if (!this.#inPayload) at = this.#readHeader(chunk, at);
			// A frame without a payload ends with its header.
			if (this.#inPayload) at = this.#readPayload(chunk, at);
		}
		this.#sink = null;
	}

	/** Returns where the payload begins. */
	#readHeader(chunk: Buffer, at: number): number {
		if (this.#header) return this.#completeHeader(this.#header, chunk, at);
		const bytes = this.#parseHeader(chunk, at);
		if (bytes > 0 || this.#ended) return at + bytes;
		this.#header = new Assembly();
		this.#header.append(chunk.subarray(at));
		return chunk.length;
	}

	#completeHeader(header: Assembly, chunk: Buffer, at: number): number {
		const before = header.joined.length;
		header.append(chunk.subarray(at, at + MAX_HEADER_BYTES - before));
		const bytes = this.#parseHeader(header.joined, 0);
		if (bytes === 0) return chunk.length;
		this.#header = null;
		return at + bytes - before;
	}

	/** Returns the size of the header, 0 where it is not whole or not allowed. Flags and length are checked as soon as they are there. */
	#parseHeader(bytes: Buffer, at: number): number {
		const available = bytes.length - at;
		if (available < FLAG_BYTES) return 0;
		const [first = 0, second = 0] = [bytes[at], bytes[at + 1]];
		if (!isAllowed(first, second, this.#kind !== 0)) return this.#violated(PROTOCOL_VIOLATION);
		const maskAt = lengthEnd(second);
		if (available < maskAt) return 0;
		const length = payloadLength(bytes, at);
		if (!isControl(first) && this.#messageBytes + length > this.#maxBytes) return this.#violated(TOO_BIG);
		if (available < maskAt + MASK_BYTES) return 0;
		this.#mask = bytes.readInt32LE(at + maskAt);
		this.#begin(first, length);
		return maskAt + MASK_BYTES;
	}

	#begin(first: number, length: number): void {
		this.#inPayload = true;
		this.#first = first;
		this.#length = length;
		this.#remaining = length;
		if (isControl(first)) return;
		this.#messageBytes += length;
		if (this.#kind === 0) this.#kind = opcodeOf(first);
	}

	/** Returns where the frame ends, or the chunk. */
	#readPayload(chunk: Buffer, from: number): number {
		const to = Math.min(from + this.#remaining, chunk.length);
		const bits = unmask(chunk, turned(this.#mask, this.#length - this.#remaining), from, to);
		this.#remaining -= to - from;
		this.#inPayload = this.#remaining > 0;
		if (isControl(this.#first)) this.#readControl(chunk.subarray(from, to));
		else {
			this.#bits |= bits;
			this.#readData(chunk, from, to);
		}
		return to;
	}

	#readControl(piece: Buffer): void {
		if (this.#inPayload) this.#control ??= new Assembly();
		this.#control?.append(piece);
		if (this.#inPayload) return;
		const payload = this.#control?.joined ?? piece;
		this.#control = null;
		const opcode = opcodeOf(this.#first);
		if (opcode === PING) this.#sink?.onPing(payload);
		else if (opcode === PONG) this.#sink?.onPong();
		else if (opcode === CLOSE) this.#readClose(payload);
	}

	#readClose(payload: Buffer): void {
		const code = payload.length === 0 ? NO_CODE : payload.readUInt16BE(0);
		const reason = payload.subarray(2);
		if (payload.length > 0 && !isCloseCode(code)) return void this.#violated(PROTOCOL_VIOLATION);
		if (!isUtf8(reason)) return void this.#violated(INVALID_TEXT);
		this.#ended = true;
		this.#sink?.onCloseFrame(code, reason.toString());
	}

	#readData(chunk: Buffer, from: number, to: number): void {
		const isLast = !this.#inPayload && isFinal(this.#first);
		if (!isLast && to > from) this.#message ??= new Assembly();
		this.#message?.append(chunk.subarray(from, to));
		if (!isLast) return;
		const joined = this.#message?.joined;
		if (joined) this.#report(joined, 0, joined.length);
		else this.#report(chunk, from, to);
	}

	#report(bytes: Buffer, from: number, to: number): void {
		const [kind, bits] = [this.#kind, this.#bits];
		this.#kind = 0;
		this.#message = null;
		this.#messageBytes = 0;
		this.#bits = 0;
		if (kind === BINARY) this.#sink?.onMessage(bytes.subarray(from, to));
		// The same as UTF-8, in a fraction of the time.
		else if (bits < 0x80) this.#sink?.onMessage(bytes.toString('latin1', from, to));
		else if (isUtf8(bytes.subarray(from, to))) this.#sink?.onMessage(bytes.toString('utf8', from, to));
		else this.#violated(INVALID_TEXT);
	}

	#violated(code: number): 0 {
		this.#ended = true;
		this.#sink?.onViolation(code);
		return 0;
	}
}
