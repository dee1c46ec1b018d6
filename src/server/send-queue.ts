// What one connection has still to send. Bounded in bytes: a reader that does not keep up loses its queued events, is
// told so stream by stream, and is brought up to date when its socket drains. Answers and snapshots are never dropped.

import type { Feed } from './feed.ts';
import type { Frame } from './frame.ts';
import type { TransportSocket } from './transport.ts';

/** The socket gets more only while it holds less than this: what waits here can still be conflated or dropped. */
const SOCKET_HIGH_WATER_BYTES = 64 * 1024;

interface Entry {
	frame: Frame;
	/** Whose event it is; null for answers, snapshots and everything else that is never dropped. */
	feed: Feed | null;
	offset: number;
	conflationKey: string | null;
}

export interface SendQueueOwner {
	/** The queue has something to send: flush it at the end of this pass. */
	needsFlush(): void;
	/** Events of these feeds were dropped. */
	overflowed(feeds: ReadonlySet<Feed>): void;
}

export class SendQueue {
	readonly #socket: TransportSocket;
	readonly #maxBytes: number;
	readonly #owner: SendQueueOwner;
	#entries: Entry[] = [];
	#bytes = 0;
	/** Where the latest event of a conflation key stands; made only for connections that read such topics. */
	#latest: Map<Feed, Map<string, number>> | undefined;

	constructor(socket: TransportSocket, maxBytes: number, owner: SendQueueOwner) {
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
		if (this.bytes + frame.bytes > this.#maxBytes) this.#dropEvents();
		this.#add({ frame, feed: null, offset: 0, conflationKey: null });
	}

	/** Queues an event. Where the queue is full, it and every queued event are dropped, and their feeds become stale. */
	pushEvent(feed: Feed, frame: Frame, offset: number, conflationKey: string | null): void {
		if (conflationKey !== null && this.#conflate(feed, frame, conflationKey)) return;
		if (this.bytes + frame.bytes > this.#maxBytes) {
			feed.dropped(offset);
			this.#dropEvents(feed);
			return;
		}
		this.#add({ frame, feed, offset, conflationKey });
	}

	#add(entry: Entry): void {
		if (entry.feed && entry.conflationKey !== null) this.#remember(entry.feed, entry.conflationKey);
		this.#entries.push(entry);
		this.#bytes += entry.frame.bytes;
		this.#owner.needsFlush();
	}

	#remember(feed: Feed, key: string): void {
		this.#latest ??= new Map();
		let keys = this.#latest.get(feed);
		if (!keys) this.#latest.set(feed, (keys = new Map()));
		keys.set(key, this.#entries.length);
	}

	/** Replaces a waiting event of the same key. */
	#conflate(feed: Feed, frame: Frame, key: string): boolean {
		const index = this.#latest?.get(feed)?.get(key);
		const waiting = index === undefined ? undefined : this.#entries[index];
		if (!waiting) return false;
		this.#bytes += frame.bytes - waiting.frame.bytes;
		waiting.frame = frame;
		return true;
	}

	#dropEvents(alsoStale?: Feed): void {
		const stale = new Set<Feed>(alsoStale ? [alsoStale] : []);
		const kept: Entry[] = [];
		for (const entry of this.#entries) {
			if (entry.feed === null) kept.push(entry);
			else {
				stale.add(entry.feed);
				this.#bytes -= entry.frame.bytes;
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
