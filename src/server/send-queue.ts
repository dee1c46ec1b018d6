// What one connection has still to send. Bounded in bytes: a reader that does not keep up loses its queued events, is
// told so stream by stream, and is brought up to date when its socket drains. Answers and snapshots are never dropped.

import type { Frame } from './frame.ts';
import type { TransportSocket } from './transport.ts';

/** The socket gets more only while it holds less than this: what waits here can still be conflated or dropped. */
const SOCKET_HIGH_WATER_BYTES = 64 * 1024;

/** What a queued message costs beside its text: a flood of tiny ones must not hold many times what is counted. */
export const ENTRY_BYTES = 64;

/** Whose events are queued, as far as the queue minds. */
export interface EventSource {
	/** An event with this offset was dropped. */
	dropped(offset: number): void;
}

export interface QueuedEvent<Source> {
	frame: Frame;
	feed: Source;
	offset: number;
	/** What a later event of the feed replaces; null where every event stands for itself. */
	conflationKey: string | null;
}

interface Entry<Source> extends Omit<QueuedEvent<Source>, 'feed'> {
	/** Null for answers, snapshots and everything else that is never dropped. */
	feed: Source | null;
}

export interface SendQueueOwner<Source> {
	/** The queue has something to send: flush it at the end of this pass. */
	needsFlush(): void;
	/** Events of these feeds were dropped. */
	overflowed(feeds: ReadonlySet<Source>): void;
}

export class SendQueue<Source extends EventSource> {
	readonly #socket: TransportSocket;
	readonly #maxBytes: number;
	readonly #owner: SendQueueOwner<Source>;
	#entries: Entry<Source>[] = [];
	#bytes = 0;
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
		if (this.bytes + frame.bytes + ENTRY_BYTES > this.#maxBytes) this.#dropEvents();
		this.#add({ frame, feed: null, offset: 0, conflationKey: null });
	}

	/** Queues an event. Where the queue is full, it and every queued event are dropped, and their feeds become stale. */
	pushEvent(event: QueuedEvent<Source>): void {
		const { feed, frame, offset } = event;
		if (this.#conflate(event)) return;
		if (this.bytes + frame.bytes + ENTRY_BYTES > this.#maxBytes) {
			feed.dropped(offset);
			this.#dropEvents(feed);
			return;
		}
		this.#add(event);
	}

	#add(entry: Entry<Source>): void {
		if (entry.feed) this.#remember(entry.feed, entry.conflationKey);
		this.#entries.push(entry);
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
	#conflate({ feed, frame, conflationKey }: QueuedEvent<Source>): boolean {
		const index = conflationKey === null ? undefined : this.#latest?.get(feed)?.get(conflationKey);
		const waiting = index === undefined ? undefined : this.#entries[index];
		if (!waiting || this.bytes + frame.bytes - waiting.frame.bytes > this.#maxBytes) return false;
		this.#bytes += frame.bytes - waiting.frame.bytes;
		waiting.frame = frame;
		return true;
	}

	#dropEvents(alsoStale?: Source): void {
		const stale = new Set<Source>(alsoStale ? [alsoStale] : []);
		const kept: Entry<Source>[] = [];
		for (const entry of this.#entries) {
			if (entry.feed === null) kept.push(entry);
			else {
				stale.add(entry.feed);
				this.#bytes -= entry.frame.bytes + ENTRY_BYTES;
				entry.feed.dropped(entry.offset);
			}
		}
		this.#entries = kept;
		this.#latest = undefined;
		if (stale.size > 0) this.#owner.overflowed(stale);
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
		this.#socket.send(frames);
	}
}
