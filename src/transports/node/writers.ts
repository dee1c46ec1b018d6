// Where the output of a connection goes: by frames of our own to the raw socket, which is faster, or through `ws`.

import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { textOf, type Frames } from '../shared/text.ts';
import { outputOf } from './websocket-frame.ts';

export interface Writer {
	/** Bytes that have not left the process. */
	readonly bufferedBytes: number;
	/** `done` is called when they have left. */
	write(frames: Frames, done: () => void): void;
}

/** `ws` writes only whole frames of its own (pong, close), so ours may stand between them. */
class RawWriter implements Writer {
	readonly #raw: Duplex;

	constructor(raw: Duplex) {
		this.#raw = raw;
	}

	get bufferedBytes(): number {
		return this.#raw.writableLength;
	}

	write(frames: Frames, done: () => void): void {
		const { data, encoding } = outputOf(frames);
		if (encoding) this.#raw.write(data, encoding, done);
		else this.#raw.write(data, done);
	}
}

/**
 * For Bun, whose `ws` is its own: what is written to the raw socket beside it gets stuck as soon as a reader is slow, for
 * ever (Bun 1.4.5; the contract's test of unread output shows it).
 */
class MessageWriter implements Writer {
	readonly #ws: WebSocket;

	constructor(ws: WebSocket) {
		this.#ws = ws;
	}

	get bufferedBytes(): number {
		return this.#ws.bufferedAmount;
	}

	write(frames: Frames, done: () => void): void {
		this.#ws.send(textOf(frames), done);
	}
}

export function writerOf(ws: WebSocket, raw: Duplex): Writer {
	return process.versions['bun'] === undefined ? new RawWriter(raw) : new MessageWriter(ws);
}
