// One WebSocket on Node as the server core sees it. Invariant: `closed` is reported exactly once and nothing after it.

import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { SocketEvents, TransportSocket } from '../../server/transport.ts';
import { closeReason } from '../shared/close-reason.ts';
import type { Frames } from '../shared/text.ts';
import { writerOf, type Writer } from './writers.ts';

export class NodeSocket implements TransportSocket {
	readonly remoteAddress: string | undefined;
	readonly #ws: WebSocket;
	readonly #writer: Writer;
	#events: SocketEvents | undefined;
	#owesDrained = false;
	#closed = false;

	constructor(ws: WebSocket, raw: Duplex, remoteAddress: string | undefined) {
		this.#ws = ws;
		this.#writer = writerOf(ws, raw);
		this.remoteAddress = remoteAddress;
	}

	/** Begins to report. Until then nothing is read from the peer, so nothing is missed. */
	report(events: SocketEvents): void {
		this.#events = events;
		this.#ws.on('message', (data, isBinary) => this.#onMessage(data as Buffer, isBinary));
		this.#ws.on('close', (code, reason) => this.#onClosed(code, reason));
	}

	get bufferedBytes(): number {
		return this.#writer.bufferedBytes;
	}

	send(frames: Frames): void {
		if (this.#ws.readyState !== this.#ws.OPEN || frames.length === 0) return;
		this.#writer.write(frames, this.#onWritten);
		if (this.#writer.bufferedBytes > 0) this.#owesDrained = true;
	}

	close(code: number, reason: string): void {
		// The peer's answer to the close frame must be read.
		this.#ws.resume();
		this.#ws.close(code, closeReason(reason));
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
		if (!this.#owesDrained || this.#closed || this.#writer.bufferedBytes > 0) return;
		this.#owesDrained = false;
		this.#events?.drained();
	};

	#onClosed(code: number, reason: Buffer): void {
		if (this.#closed) return;
		this.#closed = true;
		this.#events?.closed(code, reason.toString());
	}
}
