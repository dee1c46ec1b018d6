// One WebSocket on Node as the server core sees it. Invariant: `closed` is reported exactly once and nothing after it.

import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { SocketEvents, TransportSocket } from '../../server/transport.ts';
import { outputOf } from './websocket-frame.ts';

type Frames = Parameters<TransportSocket['send']>[0];

/** What a close frame holds besides its code (RFC 6455, section 5.5). */
const REASON_BYTES = 123;

export class NodeSocket implements TransportSocket {
	readonly remoteAddress: string | undefined;
	readonly #ws: WebSocket;
	readonly #raw: Duplex;
	#events: SocketEvents | undefined;
	#owesDrained = false;
	#closed = false;

	constructor(ws: WebSocket, raw: Duplex, remoteAddress: string | undefined) {
		this.#ws = ws;
		this.#raw = raw;
		this.remoteAddress = remoteAddress;
	}

	/** Begins to report. Until then nothing is read from the peer, so nothing is missed. */
	report(events: SocketEvents): void {
		this.#events = events;
		this.#ws.on('message', (data, isBinary) => this.#onMessage(data as Buffer, isBinary));
		this.#ws.on('close', (code, reason) => this.#onClosed(code, reason));
	}

	get bufferedBytes(): number {
		return this.#raw.writableLength;
	}

	send(frames: Frames): void {
		// `ws` writes only whole frames of its own (pong, close), so ours may stand between them.
		if (this.#ws.readyState !== this.#ws.OPEN || frames.length === 0) return;
		const { data, encoding } = outputOf(frames);
		if (encoding) this.#raw.write(data, encoding, this.#onWritten);
		else this.#raw.write(data, this.#onWritten);
		if (this.#raw.writableLength > 0) this.#owesDrained = true;
	}

	close(code: number, reason: string): void {
		// The peer's answer to the close frame must be read.
		this.#ws.resume();
		this.#ws.close(code, truncated(reason));
	}

	terminate(): void {
		this.#ws.terminate();
	}

	pause(): void {
		this.#ws.pause();
	}

	resume(): void {
		this.#ws.resume();
	}

	#onMessage(data: Buffer, isBinary: boolean): void {
		if (!this.#closed) this.#events?.message(isBinary ? data : data.toString());
	}

	/** One function for every write: the raw socket's own 'drain' comes only above its high water mark. */
	readonly #onWritten = (): void => {
		if (!this.#owesDrained || this.#closed || this.#raw.writableLength > 0) return;
		this.#owesDrained = false;
		this.#events?.drained();
	};

	#onClosed(code: number, reason: Buffer): void {
		if (this.#closed) return;
		this.#closed = true;
		this.#events?.closed(code, reason.toString());
	}
}

/** Cut to what a close frame holds, at the boundary of a character. */
function truncated(reason: string): string {
	let text = reason;
	while (Buffer.byteLength(text) > REASON_BYTES) text = text.slice(0, Math.min(text.length - 1, REASON_BYTES));
	return text;
}
