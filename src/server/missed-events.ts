// What a client misses of a topic, as it is read from the log: one message where it is little, several where it is much.
// Invariant: the messages together are everything between the first position and `position`, in order.

import type { Position } from '../protocol/position.ts';
import { decodeEventBody, encodeListedEvent, encodeListedSkip, INVALIDATED, isControl } from '../protocol/stream.ts';
import type { LogEntry } from './backplane.ts';
import type { TopicRead } from './read-topic.ts';

/** Makes a message of the events behind a position. */
export type Encode = (position: Position, events: readonly string[]) => string;

export class MissedEvents {
	/** How far the log was read. */
	position: Position;
	/** Whether a message was made of a part of it. */
	isBegun = false;
	/** Whether the first message has a value, to which the events lead up. */
	readonly hasValue: boolean;
	/** The offset behind which the next message begins. */
	#from: number;
	#events: string[] = [];
	/** The last event that concerns nobody, where none that does has come since. */
	#skipped: number | null = null;
	/** The paths whose streams what was taken invalidates; null for all. */
	readonly #invalidated = new Set<string | null>();
	readonly #encodeFirst: Encode;
	readonly #encodeNext: Encode;

	/** The first message may be a snapshot; those that follow resume behind the one before. */
	// oxlint-disable-next-line max-params -- an object for each reader would only name what the names say
	constructor(from: Position, encodeFirst: Encode, encodeNext: Encode, hasValue = false) {
		this.position = from;
		this.#from = from.offset;
		this.#encodeFirst = encodeFirst;
		this.#encodeNext = encodeNext;
		this.hasValue = hasValue;
	}

	/** Takes what was read, but no more than fits one message. Returns whether it took all. */
	take({ epoch, entries }: Extract<TopicRead, { kind: 'events' }>, maxCharacters: number): boolean {
		const taken = firstOf(entries, maxCharacters);
		for (const entry of taken) this.#add(entry);
		this.position = { epoch, offset: taken.at(-1)?.offset ?? this.position.offset };
		return taken.length === entries.length;
	}

	#add({ offset, body }: LogEntry): void {
		if (isControl(body)) this.#control(body);
		if (body === '') return void (this.#skipped = offset);
		this.#endSkip();
		this.#events.push(encodeListedEvent(offset, body));
	}

	#endSkip(): void {
		if (this.#skipped !== null) this.#events.push(encodeListedSkip(this.#skipped));
		this.#skipped = null;
	}

	#control(body: string): void {
		const { event, data } = decodeEventBody(body);
		if (event === INVALIDATED) this.#invalidated.add(data as string | null);
	}

	/** Whether what was taken says that what the streams of this path had loaded does not hold any more. */
	invalidates(path: string): boolean {
		return this.#invalidated.has(null) || this.#invalidated.has(path);
	}

	/** Where the messages that were made lead. */
	get reached(): Position {
		return { epoch: this.position.epoch, offset: this.#from };
	}

	/** The message of everything that was taken since the last one. */
	message(): string {
		this.#endSkip();
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
