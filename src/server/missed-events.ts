// What a client misses of a topic, as it is read from the log: one message where it is little, several where it is much.
// Invariant: the messages together are everything between the first position and `position`, in order.

import type { Position } from '../protocol/position.ts';
import { encodeListedEvent } from '../protocol/stream.ts';
import type { LogEntry, ReadResult } from './backplane.ts';

/** Makes a message of the events behind a position. */
export type Encode = (position: Position, events: readonly string[]) => string;

export class MissedEvents {
	/** How far the log was read. */
	position: Position;
	/** Whether a message was made of a part of it. */
	isBegun = false;
	/** The offset behind which the next message begins. */
	#from: number;
	#events: string[] = [];
	readonly #encodeFirst: Encode;
	readonly #encodeNext: Encode;

	/** The first message may be a snapshot; those that follow resume behind the one before. */
	constructor(from: Position, encodeFirst: Encode, encodeNext: Encode) {
		this.position = from;
		this.#from = from.offset;
		this.#encodeFirst = encodeFirst;
		this.#encodeNext = encodeNext;
	}

	/** Takes what was read, but no more than fits one message. Returns whether it took all. */
	take({ epoch, entries }: Extract<ReadResult, { kind: 'events' }>, maxCharacters: number): boolean {
		const taken = firstOf(entries, maxCharacters);
		for (const { offset, body } of taken) this.#events.push(encodeListedEvent(offset, body));
		this.position = { epoch, offset: taken.at(-1)?.offset ?? this.position.offset };
		return taken.length === entries.length;
	}

	/** The message of everything that was taken since the last one. */
	message(): string {
		const encode = this.isBegun ? this.#encodeNext : this.#encodeFirst;
		const text = encode({ epoch: this.position.epoch, offset: this.#from }, this.#events);
		this.isBegun = true;
		this.#from = this.position.offset;
		this.#events = [];
		return text;
	}
}

/** The entries that have no more characters than that together, and one at least. */
function firstOf(entries: readonly LogEntry[], maxCharacters: number): readonly LogEntry[] {
	let characters = 0;
	const end = entries.findIndex(({ body }, index) => (characters += body.length) > maxCharacters && index > 0);
	return end < 0 ? entries : entries.slice(0, end);
}
