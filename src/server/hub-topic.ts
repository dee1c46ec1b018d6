// One topic in one process: who reads it here, and how far deliveries have come. Deliveries from other processes may be
// lost or repeated, so offsets are checked for contiguity, and what is missing is read from the log before anything later
// is passed on. Invariant: `head` never goes back within an epoch, and every event up to it was offered to every feed, or
// is at the end of this pass of the event loop.

import { isPromise, type MaybePromise } from '../base/maybe-promise.ts';
import type { Position } from '../protocol/position.ts';
import { encodeEvent, type Alias, type EventBody } from '../protocol/stream.ts';
import type { TopicName } from '../protocol/topic.ts';
import type { Backplane, Delivery, LogEntry, ReadResult } from './backplane.ts';
import { EventFrame } from './event-frame.ts';
import { runReported } from './failure.ts';
import type { Observer } from './observer.ts';
import { PendingEvents } from './pending-events.ts';
import { isSystemTopic } from './processes/system-topic.ts';
import { LoadsOfTopic } from './shared-load.ts';

/** One connection that reads a topic. */
export interface TopicReader {
	/** Whose it is; absent for a reader of the server's own. */
	readonly connectionId?: string;
	/** Of the last event that it was sent. */
	readonly offset: number;
	/** @param dirtyTopics at the end of a pass the number of topics that have events for their readers, before it 0 */
	deliver(events: EventFrame, dirtyTopics: number): void;
	/** What was delivered does not connect with the log any more. */
	disconnected(): void;
}

/** What all topics of a process share. */
export interface TopicParts {
	readonly backplane: Backplane;
	readonly onError: (error: unknown) => void;
	readonly observer: Observer | null;
	/** Gives out a number that no topic of this process has had. */
	nextAlias(): Alias;
	/** Calls `flush` at the end of this pass. */
	flushSoon(topic: HubTopic): void;
}

export class HubTopic {
	readonly name: TopicName;
	readonly feeds = new Set<TopicReader>();
	readonly loads = new LoadsOfTopic();
	/** Streams that use this topic; the hub lets go of a topic that nobody uses. */
	users = 0;
	/** Whether the backplane delivers it to this process. */
	subscribed = false;
	readonly #parts: TopicParts;
	#alias: Alias;
	/** What the feeds were not offered yet. */
	#pending: PendingEvents | null = null;
	#epoch = '';
	#head = 0;
	/** How far the log is known to reach; what is behind `#head` was not delivered here. */
	#known = 0;
	/** Whether missing events are being read from the log. */
	#filling = false;
	/** Whether the log does not have what follows `#head` any more. */
	#torn = false;
	#checking: Promise<void> | null = null;

	constructor(name: TopicName, parts: TopicParts) {
		this.name = name;
		this.#parts = parts;
		this.#alias = parts.nextAlias();
	}

	/** The topic's number on the wire, as long as its log stays the same. */
	get alias(): Alias {
		return this.#alias;
	}

	/** The last event that the feeds of this process were offered, or are at the end of this pass. */
	get head(): Position {
		return { epoch: this.#epoch, offset: this.#head };
	}

	/** Events that are known to be in the log and have not come yet. */
	get missing(): number {
		return Math.max(0, this.#known - this.#head);
	}

	/** Deliveries begin behind this position. */
	startAt(position: Position): void {
		this.subscribed = true;
		this.#epoch = position.epoch;
		this.#head = this.#known = position.offset;
	}

	/** Takes an event from the backplane. What comes before `startAt` is found in the log by whoever joins. */
	receive(delivery: Delivery): void {
		if (delivery.offset === 0) this.#broadcast(delivery);
		else if (!this.subscribed) return;
		else if (delivery.epoch !== this.#epoch) this.#checkLater();
		else if (delivery.offset === this.#head + 1 && !this.#filling) this.#advance(delivery);
		else this.#expect(delivery.offset);
	}

	#broadcast({ body, conflationKey }: Delivery): void {
		this.loads.collect(body, conflationKey);
		if (this.feeds.size === 0) return;
		this.flush();
		const event = new EventFrame([encodeEvent(this.alias, 0, body)], { first: 0, last: 0, conflationKey });
		for (const feed of this.feeds) feed.deliver(event, 0);
		if (this.#parts.observer !== null) this.#observe(this.#parts.observer, 1);
	}

	/** An event for some of the connections that read it here: encoded once, kept nowhere, and for nobody who is loading. */
	deliverTo(body: EventBody, includes: (connectionId: string) => boolean): void {
		this.flush();
		const event = new EventFrame([encodeEvent(this.alias, 0, body)], { first: 0, last: 0, conflationKey: null });
		for (const feed of this.feeds) {
			if (feed.connectionId !== undefined && includes(feed.connectionId)) feed.deliver(event, 0);
		}
	}

	#observe(observer: Observer, events: number): void {
		if (!isSystemTopic(this.name)) observer.eventsDelivered?.(events, this.feeds.size);
	}

	#advance({ offset, body }: LogEntry): void {
		this.#head = offset;
		if (this.feeds.size === 0) return;
		const isFirst = this.#pending === null;
		this.#pending ??= new PendingEvents();
		this.#pending.add(encodeEvent(this.alias, offset, body), offset);
		if (isFirst) this.#parts.flushSoon(this);
		else if (this.#pending.isFull) this.flush();
	}

	/**
	 * Offers every feed the events of this pass.
	 * @param dirtyTopics at the end of the pass the number of topics that have some. @default 0: it goes on
	 */
	flush(dirtyTopics = 0): void {
		const pending = this.#pending;
		const all = pending?.after(0);
		if (!pending || !all) return;
		this.#pending = null;
		for (const feed of this.feeds) {
			const events = feed.offset < all.first ? all : pending.after(feed.offset);
			if (events) feed.deliver(events, dirtyTopics);
		}
		if (this.#parts.observer !== null) this.#observe(this.#parts.observer, all.last - all.first + 1);
	}

	/** Offers one feed the same at once: its connection is about to be sent something else. */
	flushTo(feed: TopicReader): void {
		const events = this.#pending?.after(feed.offset);
		if (events) feed.deliver(events, 0);
	}

	/** The log is known to reach up to this offset. */
	#expect(offset: number): void {
		this.#known = Math.max(this.#known, offset);
		if (this.#known > this.#head && !this.#filling) this.#fill();
	}

	#fill(): void {
		this.#filling = true;
		const epoch = this.#epoch;
		const missing = this.#parts.backplane.read(this.name, this.head);
		if (!isPromise(missing)) return this.#filled(missing, epoch);
		missing.then(
			(result) => this.#filled(result, epoch),
			(error: unknown) => {
				this.#filling = false; // the next delivery or check tries again
				this.#parts.onError(error);
			}
		);
	}

	#filled(result: ReadResult, epoch: string): void {
		this.#filling = false;
		if (epoch !== this.#epoch) return; // of a log that has been replaced meanwhile
		if (result.kind === 'reset') {
			this.#torn = true;
			return this.#checkLater();
		}
		const before = this.#head;
		for (const entry of result.entries) if (entry.offset === this.#head + 1) this.#advance(entry);
		// What was delivered while the log was read may not have been in it yet.
		if (this.#known > this.#head && this.#head > before) this.#fill();
	}

	/**
	 * Compares with the log: finds events whose deliveries were lost, and a log that took the place of the one we knew.
	 * @throws {LiveError} UNAVAILABLE where the backplane cannot be reached
	 */
	check(): MaybePromise<void> {
		if (this.#checking || !this.subscribed) return this.#checking ?? undefined;
		const head = this.#parts.backplane.head(this.name);
		if (!isPromise(head)) return this.#compare(head);
		this.#checking = this.#finishChecking(head);
		return this.#checking;
	}

	async #finishChecking(head: PromiseLike<Position>): Promise<void> {
		try {
			this.#compare(await head);
		} finally {
			this.#checking = null;
		}
	}

	#checkLater(): void {
		runReported(
			() => this.check(),
			(error) => this.#parts.onError(error)
		);
	}

	#compare(log: Position): void {
		if (log.epoch === this.#epoch && !this.#torn) return this.#expect(log.offset);
		this.flush();
		this.#torn = false;
		// With the old number, a stream that is not up to date yet could take an event of the new log for one of the old.
		if (log.epoch !== this.#epoch) this.#alias = this.#parts.nextAlias();
		this.#epoch = log.epoch;
		this.#head = this.#known = log.offset;
		// Nobody's position leads up to what follows, so everybody is brought up to date anew.
		for (const feed of this.feeds) feed.disconnected();
	}
}
