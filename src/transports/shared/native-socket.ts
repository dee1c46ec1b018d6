// One WebSocket of a server that frames and buffers by itself (Bun, uWebSockets.js), as the server core sees it.
// Invariants: `closed` is reported exactly once and nothing after it, and the native socket, which must not be touched when
// it is closed, is not.

import { closeCodeOf } from '../../base/errors.ts';
import type { SocketEvents, TransportSocket } from '../../server/transport.ts';
import { closeReason } from './close-reason.ts';
import type { Frames } from './text.ts';

/** What differs between such servers. */
export interface NativeDriver {
	/** Sends frames as one text message; returns whether all of it has left. */
	send(frames: Frames): boolean;
	/** The same for one binary message. */
	sendBytes(data: Uint8Array): boolean;
	bufferedBytes(): number;
	/** Sends a close frame behind everything that was sent. The server may report the end before this returns. */
	close(code: number, reason: string): void;
	terminate(): void;
	/** Stops and starts reading, where the server can. Messages that were read already may still come. */
	pause(): void;
	resume(): void;
}

/**
 * What a peer may send while it does not read. What a server has read already, or cannot stop reading, is held; a peer that
 * goes on beyond this is closed with TOO_MANY.
 */
const HELD_BYTES = 1024 * 1024;

/** What a held message costs beside its content. */
const ENTRY_BYTES = 64;

export class NativeSocket implements TransportSocket {
	readonly remoteAddress: string | undefined;
	readonly #driver: NativeDriver;
	#events: SocketEvents | undefined;
	/** Whether output waits: while none does, the native socket need not be asked. */
	#owesDrained = false;
	#closing = false;
	#end: { code: number; reason: string } | undefined;
	#paused = false;
	#resuming = false;
	#held: (string | Uint8Array)[] = [];
	#heldBytes = 0;

	constructor(driver: NativeDriver, remoteAddress: string | undefined) {
		this.#driver = driver;
		this.remoteAddress = remoteAddress;
	}

	/** Begins to report. Called in the same turn in which the socket opened, so no message is missed. */
	report(events: SocketEvents): void {
		this.#events = events;
		// The server core may have refused the connection before it said where to report.
		if (this.#end) events.closed(this.#end.code, this.#end.reason);
	}

	get bufferedBytes(): number {
		return this.#owesDrained && !this.#end ? this.#driver.bufferedBytes() : 0;
	}

	send(frames: Frames): void {
		if (this.#closing || frames.length === 0) return;
		if (!this.#driver.send(frames)) this.#owesDrained = true;
	}

	sendMessage(data: Uint8Array): void {
		if (!this.#closing && !this.#driver.sendBytes(data)) this.#owesDrained = true;
	}

	close(code: number, reason: string): void {
		if (this.#closing) return;
		this.#closing = true;
		// The peer's answer to the close frame must be read.
		if (this.#paused) this.#driver.resume();
		this.#driver.close(code, closeReason(reason));
	}

	terminate(): void {
		if (this.#end) return;
		this.#closing = true;
		this.#driver.terminate();
	}

	pause(): void {
		if (this.#paused || this.#closing) return;
		this.#paused = true;
		this.#driver.pause();
	}

	/** Reports what was held, until it is paused again. */
	resume(): void {
		if (!this.#paused || this.#closing) return;
		this.#paused = false;
		this.#driver.resume();
		// The outer one goes on where what it reported resumes again.
		if (this.#resuming) return;
		this.#resuming = true;
		let taken = 0;
		while (!this.#paused && !this.#closing) {
			const data = this.#held[taken];
			if (data === undefined) break;
			taken++;
			this.#heldBytes -= data.length + ENTRY_BYTES;
			this.#events?.message(data);
		}
		this.#held = this.#held.slice(taken);
		this.#resuming = false;
	}

	/** The server read a message. Bytes must be a copy of their own. */
	onMessage(data: string | Uint8Array): void {
		if (this.#closing) return;
		if (this.#paused) this.#hold(data);
		else this.#events?.message(data);
	}

	#hold(data: string | Uint8Array): void {
		this.#held.push(data);
		this.#heldBytes += data.length + ENTRY_BYTES;
		if (this.#heldBytes > HELD_BYTES) this.close(closeCodeOf('TOO_MANY'), 'TOO_MANY');
	}

	/** The server wrote something that had waited. */
	onDrain(): void {
		if (!this.#owesDrained || this.#closing || this.#driver.bufferedBytes() > 0) return;
		this.#owesDrained = false;
		this.#events?.drained();
	}

	/** The native socket ended; it must not be touched from here on. */
	onClosed(code: number, reason: string): void {
		if (this.#end) return;
		this.#end = { code, reason };
		this.#closing = true;
		this.#held = [];
		this.#events?.closed(code, reason);
	}
}
