// What a peer sends, handled in order. A peer that does not read its answers does not get to ask for more of them: it is not
// read until it does, and what had been read by then waits here, bounded.

import { LiveError } from '../base/errors.ts';
import type { Limits } from '../protocol/limits.ts';
import { decodeBinaryUp } from '../protocol/binary.ts';
import { decodeUp, type UpMessage } from '../protocol/up.ts';
import { utf8Length } from './frame.ts';
import { ENTRY_BYTES } from './send-queue.ts';
import type { TransportSocket } from './transport.ts';

export interface InboxOwner {
	readonly limits: Limits;
	/** Whether the peer takes its answers. */
	readonly hasRoom: boolean;
	handle(message: UpMessage): void;
	/** The connection cannot go on. */
	cannotGoOn(error: unknown): void;
}

export class Inbox {
	readonly #owner: InboxOwner;
	readonly #socket: TransportSocket;
	/** Whether the peer is not read until it reads. */
	#paused = false;
	/** The rest of the frame during which it was paused. */
	#unhandled: readonly UpMessage[] = [];
	/** Frames that the transport had read before it was paused. */
	#held: (string | Uint8Array)[] | null = null;
	#heldBytes = 0;

	constructor(owner: InboxOwner, socket: TransportSocket) {
		this.#owner = owner;
		this.#socket = socket;
	}

	take(data: string | Uint8Array): void {
		if (this.#paused) this.#hold(data);
		else this.#receive(data);
	}

	/** Goes on with what waited, where there is room for answers again. */
	goOn(): void {
		if (!this.#paused || !this.#owner.hasRoom) return;
		this.#paused = false;
		const unhandled = this.#unhandled;
		this.#unhandled = [];
		try {
			this.#handleAll(unhandled);
		} catch (error) {
			this.#owner.cannotGoOn(error);
		}
		while (!this.#paused) {
			const data = this.#held?.shift();
			if (data === undefined) return this.#socket.resume();
			this.#heldBytes -= data.length + ENTRY_BYTES;
			this.#receive(data);
		}
	}

	/** A transport goes on with what it had read before it was paused; one that cannot pause would go on for ever. */
	#hold(data: string | Uint8Array): void {
		const { queueBytes } = this.#owner.limits;
		this.#heldBytes += data.length + ENTRY_BYTES;
		(this.#held ??= []).push(data);
		if (this.#heldBytes <= queueBytes) return;
		const message = `the client does not read its answers and asks on; the limit "queueBytes" is ${queueBytes}`;
		this.#owner.cannotGoOn(new LiveError('SLOW_CONSUMER', message, { retryAfterMs: 1_000 }));
	}

	#receive(data: string | Uint8Array): void {
		const { limits } = this.#owner;
		try {
			this.#handleAll(typeof data === 'string' ? textMessages(data, limits) : binaryMessage(data, limits));
		} catch (error) {
			this.#owner.cannotGoOn(error);
		}
	}

	/** Stops where the answers fill the queue; the rest waits until the peer has read them. */
	#handleAll(messages: readonly UpMessage[]): void {
		let handled = 0;
		for (const message of messages) {
			this.#owner.handle(message);
			this.#pauseWhileFull();
			if (++handled < messages.length && this.#paused) return void (this.#unhandled = messages.slice(handled));
		}
	}

	#pauseWhileFull(): void {
		if (this.#paused || this.#owner.hasRoom) return;
		this.#paused = true;
		this.#socket.pause();
	}
}

function textMessages(text: string, limits: Limits): UpMessage[] {
	const { messageBytes } = limits;
	// A character takes one to three bytes, so most frames need no counting.
	if (text.length * 3 > messageBytes && utf8Length(text) > messageBytes) throw tooLarge(messageBytes);
	return decodeUp(text, limits);
}

function binaryMessage(frame: Uint8Array, limits: Limits): UpMessage[] {
	if (frame.length > limits.messageBytes) throw tooLarge(limits.messageBytes);
	return [decodeBinaryUp(frame, limits)];
}

function tooLarge(messageBytes: number): LiveError {
	return new LiveError('TOO_LARGE', `a message has more bytes than the limit "messageBytes" of ${messageBytes}`);
}
