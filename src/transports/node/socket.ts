// One WebSocket on Node as the server core sees it. Invariants: `closed` is reported exactly once and nothing after it; a
// connection on which nothing happens has this object and its raw socket, and no timer, buffer or function of its own.

import type { Duplex } from 'node:stream';
import type { Clock, Timer } from '../../base/clock.ts';
import type { MessageSocket, SocketEvents, TransportSocket } from '../../server/transport.ts';
import { closeReason } from '../shared/close-reason.ts';
import type { Frames } from '../shared/text.ts';
import { ABNORMAL, TOO_BIG } from './close-code.ts';
import { FrameReader, type FrameSink } from './frame-reader.ts';
import { closeFrame, messageOutput, PING_FRAME, pongFrame, type Output, type Outputs } from './websocket-frame.ts';

/** What the connections of one transport share. */
export interface SharedParts {
	readonly clock: Clock;
	readonly closeTimeoutMs: number;
	/** Of a message's payload. */
	readonly maxBytes: number;
	/** What a peer is told that sends more. */
	readonly tooBig: string;
	readonly outputs: Outputs;
	/** Lent to a connection while it reads: few chunks end within a message. */
	spareReader: FrameReader | null;
}

/** Where a raw socket has its owner, so that all sockets share their listeners. */
const OWNER = Symbol('tidewire socket');
type OwnedSocket = Duplex & { [OWNER]?: NodeSocket | undefined };

const NOTHING = Buffer.alloc(0);

export class NodeSocket implements TransportSocket, MessageSocket, FrameSink {
	readonly remoteAddress: string | undefined;
	readonly #raw: OwnedSocket;
	readonly #parts: SharedParts;
	#events: SocketEvents | undefined;
	#phase: 'open' | 'closing' | 'closed' = 'open';
	/** Has the beginning of what has not come completely. */
	#reader: FrameReader | null = null;
	/** The answer to the last ping, until output has left. */
	#pong: Buffer | null = null;
	/** Whether a write is under way that tells when everything has left. */
	#asked = false;
	#closeTimer: Timer | undefined;
	/** What the peer's close frame said. */
	#end: { code: number; reason: string } | null = null;

	constructor(raw: Duplex, parts: SharedParts, remoteAddress: string | undefined) {
		this.#raw = raw;
		this.#parts = parts;
		this.remoteAddress = remoteAddress;
	}

	/** Begins to report. Until then nothing is read from the peer, so nothing is missed. */
	report(events: SocketEvents): void {
		this.#events = events;
		this.#raw[OWNER] = this;
		// Where the peer has ended, nothing more comes that could be answered.
		this.#raw.allowHalfOpen = false;
		this.#raw.on('data', hearChunk);
		this.#raw.on('close', hearEnd);
	}

	get bufferedBytes(): number {
		return this.#raw.writableLength;
	}

	send(frames: Frames): void {
		if (this.#phase !== 'open' || frames.length === 0) return;
		this.#write(this.#parts.outputs.of(frames));
	}

	sendMessage(data: string | Uint8Array): void {
		if (this.#phase === 'open') this.#write(messageOutput(data));
	}

	ping(): void {
		if (this.#phase === 'open') this.#write(PING_FRAME);
	}

	close(code: number, reason: string): void {
		if (this.#phase === 'open') this.#sayClose(code, closeReason(reason));
	}

	terminate(): void {
		// What was read already is not reported any more.
		if (this.#phase === 'open') this.#phase = 'closing';
		this.#raw.destroy();
	}

	pause(): void {
		if (this.#phase === 'open') this.#raw.pause();
	}

	resume(): void {
		if (this.#phase === 'open') this.#raw.resume();
	}

	/** The raw socket read something. */
	hear(chunk: Buffer): void {
		const { spareReader, maxBytes } = this.#parts;
		const reader = this.#reader ?? spareReader ?? new FrameReader(maxBytes);
		if (reader === spareReader) this.#parts.spareReader = null;
		reader.read(chunk, this);
		this.#reader = reader.isIdle ? null : reader;
		if (reader.isIdle) this.#parts.spareReader = reader;
		this.#answerPing();
	}

	onMessage(data: string | Uint8Array): void {
		if (this.#phase === 'open') this.#events?.message(data);
	}

	/** Of several pings at once only the last is answered, as RFC 6455 allows in section 5.5.3: nobody can ask for more than is read. */
	onPing(payload: Uint8Array): void {
		if (this.#phase === 'open') this.#pong = pongFrame(payload);
	}

	onPong(): void {
		if (this.#phase === 'open') this.#events?.ponged?.();
	}

	onCloseFrame(code: number, reason: string): void {
		this.#end = { code, reason };
		if (this.#phase === 'open') this.#sayClose(code, reason);
		this.#raw.end();
	}

	onViolation(code: number): void {
		if (this.#phase === 'open') {
			this.#events?.violated?.(code);
			this.#sayClose(code, code === TOO_BIG ? this.#parts.tooBig : '');
		}
		this.#raw.end();
	}

	/** The raw socket ended. */
	onEnd(): void {
		this.#phase = 'closed';
		this.#raw[OWNER] = undefined;
		this.#reader = null;
		this.#parts.clock.clearTimer(this.#closeTimer);
		const { code, reason } = this.#end ?? { code: ABNORMAL, reason: '' };
		this.#events?.closed(code, reason);
	}

	#write(output: Output): void {
		if (!this.#raw.writable) return;
		if (typeof output === 'string') this.#raw.write(output, 'latin1');
		else this.#raw.write(output);
		if (this.#raw.writableLength > 0 && !this.#asked) this.#askWhenWritten();
	}

	/** A callback of every write would cost as much as the write: only where the kernel did not take all, an empty one asks. */
	#askWhenWritten(): void {
		this.#asked = true;
		this.#raw.write(NOTHING, (error) => {
			this.#asked = false;
			if (error || this.#phase !== 'open') return;
			if (this.#raw.writableLength > 0) return this.#askWhenWritten();
			this.#answerPing();
			this.#events?.drained();
		});
	}

	#answerPing(): void {
		if (this.#pong === null || this.#raw.writableLength > 0 || this.#phase !== 'open') return;
		this.#write(this.#pong);
		this.#pong = null;
	}

	#sayClose(code: number, reason: string): void {
		this.#phase = 'closing';
		// The peer's answer must be read.
		this.#raw.resume();
		this.#write(closeFrame(code, reason));
		this.#closeTimer = this.#parts.clock.setTimer(() => this.#raw.destroy(), this.#parts.closeTimeoutMs);
	}
}

function hearChunk(this: OwnedSocket, chunk: Buffer): void {
	this[OWNER]?.hear(chunk);
}

function hearEnd(this: OwnedSocket): void {
	this[OWNER]?.onEnd();
}
