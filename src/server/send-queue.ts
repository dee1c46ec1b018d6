// What one connection has still to send. Bounded in bytes: a reader that does not keep up loses its queued events, is
// told so stream by stream, and is brought up to date when its socket drains. Answers and snapshots are never dropped.

import type { EventFrame } from './event-frame.ts';
import { BinaryFrame, type Frame } from './frame.ts';
import type { TransportSocket } from './transport.ts';

/** The socket gets more only while it holds less than this: what waits here can still be conflated or dropped. */
const SOCKET_HIGH_WATER_BYTES = 64 * 1024;

/** What a queued message costs beside its text: a flood of tiny ones must not hold many times what is counted. */
export const ENTRY_BYTES = 64;

/** Whose events are queued, as far as the queue minds. */
export interface EventSource {
	/** Events from this offset on were dropped. */
	dropped(offset: number): void;
}

interface Entry<Source> {
	frame: Frame;
	/** Null for answers, snapshots and everything else that is never dropped. */
	readonly feed: Source | null;
	/** The offset of the first event; 0 where there is none. */
	readonly first: number;
}

export interface SendQueueOwner<Source> {
	/** The queue has something to send: flush it at the end of this pass. */
	needsFlush(): void;
	/** So many events of these feeds were dropped. */
	overflowed(feeds: ReadonlySet<Source>, events: number): void;
	/** A waiting event was replaced by a later one. */
	conflated(): void;
}

export class SendQueue<Source extends EventSource> {
	readonly #socket: TransportSocket;
	readonly #maxBytes: number;
	readonly #owner: SendQueueOwner<Source>;
	#entries: Entry<Source>[] = [];
	#bytes = 0;
	/** How many of them are binary: seldom any. */
	#binary = 0;
	/** Where the latest event of a conflation key stands; made only for connections that read such topics. */
	#latest: Map<Source, Map<string, number>> | undefined;

	constructor(socket: TransportSocket, maxBytes: number, owner: SendQueueOwner<Source>) {
		this.#socket = socket;
		this.#maxBytes = maxBytes;
		this.#owner = owner;
	}

	/** Bytes that this connection keeps in the process. */
	get bytes(): number {
		return this.#bytes + this.#socket.bufferedBytes;
	}

	/** Whether there is room for more; false asks producers to wait for the socket to drain. */
	get hasRoom(): boolean {
		return this.bytes < this.#maxBytes;
	}

	/** Queues what must arrive. Events give way to it. */
	push(frame: Frame): void {
		if (!this.#fits(frame)) this.#dropEvents();
		this.#add({ frame, feed: null, first: 0 });
	}

	/** Queues events. Where the queue is full, they and all queued events are dropped, and their feeds become stale. */
	pushEvents(feed: Source, frame: EventFrame): void {
		const { first, conflationKey } = frame;
		if (conflationKey !== null && this.#conflate(feed, frame, conflationKey)) return;
		if (!this.#fits(frame)) {
			feed.dropped(first);
			return this.#dropEvents(feed, countOf(frame));
		}
		this.#remember(feed, conflationKey);
		this.#add({ frame, feed, first });
	}

	/** Hands events to the socket at once, where nothing waits before them. Returns whether it did. */
	sendNow(frame: EventFrame): boolean {
		if (this.#entries.length > 0 || this.#socket.bufferedBytes > 0 || !this.#fits(frame)) return false;
		this.#socket.send([frame]);
		return true;
	}

	#fits(frame: Frame): boolean {
		return this.bytes + frame.bytes + ENTRY_BYTES <= this.#maxBytes;
	}

	#add(entry: Entry<Source>): void {
		this.#entries.push(entry);
		if (entry.frame instanceof BinaryFrame) this.#binary++;
		this.#bytes += entry.frame.bytes + ENTRY_BYTES;
		this.#owner.needsFlush();
	}

	#remember(feed: Source, key: string | null): void {
		// What stands for itself may change every row: nothing that comes after it takes a place before it.
		if (key === null) return void this.#latest?.delete(feed);
		this.#latest ??= new Map();
		let keys = this.#latest.get(feed);
		if (!keys) this.#latest.set(feed, (keys = new Map()));
		keys.set(key, this.#entries.length);
	}

	/** Replaces a waiting event of the same key. */
	#conflate(feed: Source, frame: EventFrame, key: string): boolean {
		const index = this.#latest?.get(feed)?.get(key);
		const waiting = index === undefined ? undefined : this.#entries[index];
		if (!waiting || this.bytes + frame.bytes - waiting.frame.bytes > this.#maxBytes) return false;
		this.#bytes += frame.bytes - waiting.frame.bytes;
		waiting.frame = frame;
		this.#owner.conflated();
		return true;
	}

	#dropEvents(alsoStale?: Source, alsoDropped = 0): void {
		const stale = new Set<Source>(alsoStale ? [alsoStale] : []);
		const kept: Entry<Source>[] = [];
		let dropped = alsoDropped;
		for (const entry of this.#entries) {
			if (entry.feed === null) kept.push(entry);
			else {
				stale.add(entry.feed);
				this.#bytes -= entry.frame.bytes + ENTRY_BYTES;
				entry.feed.dropped(entry.first);
				dropped += countOf(entry.frame as EventFrame); // what has a feed is events
			}
		}
		this.#entries = kept;
		this.#latest = undefined;
		if (stale.size > 0) this.#owner.overflowed(stale, dropped);
	}

	/** Hands everything to the socket, unless it still has enough of its own. */
	flush(): void {
		if (this.#socket.bufferedBytes < SOCKET_HIGH_WATER_BYTES) this.flushAll();
	}

	/** Hands everything to the socket: the connection is about to close. */
	flushAll(): void {
		if (this.#entries.length === 0) return;
		const frames = this.#entries.map((entry) => entry.frame);
		this.#entries = [];
		this.#latest = undefined;
		this.#bytes = 0;
		if (this.#binary === 0) return this.#socket.send(frames);
		this.#binary = 0;
		this.#sendMixed(frames);
	}

	/** What is binary is a message of its own, between those of text. */
	#sendMixed(frames: readonly Frame[]): void {
		let from = 0;
		for (const [index, frame] of frames.entries()) {
			if (!(frame instanceof BinaryFrame)) continue;
			if (index > from) this.#socket.send(frames.slice(from, index));
			this.#socket.sendMessage(frame.data);
			from = index + 1;
		}
		if (from < frames.length) this.#socket.send(frames.slice(from));
	}
}

/** An ephemeral event comes alone. */
function countOf({ first, last }: EventFrame): number {
	return last - first + 1;
}
