// One topic in one process: who reads it here, and how far deliveries have come. Deliveries from other processes may be
// lost or repeated, so offsets are checked for contiguity, and what is missing is read from the log before anything later
// is passed on. Invariant: `head` never goes back within an epoch, and every event up to it was offered to every feed, or
// is at the end of this pass of the event loop.

import { isPromise, type MaybePromise } from '../base/maybe-promise.ts';
import type { Position } from '../protocol/position.ts';
import {
	decodeEventBody,
	encodeEvent,
	INVALIDATED,
	isControl,
	type Alias,
	type EventBody
} from '../protocol/stream.ts';
import type { TopicName } from '../protocol/topic.ts';
import type { Backplane, Delivery, LogEntry, ReadResult } from './backplane.ts';
import { EventFrame } from './event-frame.ts';
import { runReported } from './failure.ts';
import type { Observer } from './observer.ts';
import { PendingEvents } from './pending-events.ts';
import { isSystemTopic } from './processes/system-topic.ts';
import { offer, type ReadTopic, type TopicReader } from './read-topic.ts';
import { LoadsOfTopic } from './loads-of-topic.ts';

/** Reads a topic within this process, event by event as they come. */
export interface TopicTap {
	/** How many read what it makes of them. */
	readonly readers: number;
	/** @param entry offsets come one after another, until `disconnected` */
	entry(entry: LogEntry): void;
	broadcast(event: Broadcast): void;
	/** What comes next does not follow what came. */
	disconnected(): void;
}

/** An event of an ephemeral topic. */
export type Broadcast = Pick<Delivery, 'body' | 'conflationKey'>;

/** What most topics have instead of taps. */
const NONE: readonly never[] = [];

/** What all topics of a process share. */
export interface TopicParts {
	readonly backplane: Backplane;
	readonly onError: (error: unknown) => void;
	readonly observer: Observer | null;
	/** Gives out a number that no topic of this process has had. */
	nextAlias(): Alias;
	/** Calls `flush` at the end of this pass. */
	flushSoon(topic: Flushed): void;
}

/** Has events that its readers were not offered yet. */
export interface Flushed {
	/** @param dirtyTopics the number of those that have some */
	flush(dirtyTopics: number): void;
}

export class HubTopic implements ReadTopic {
	readonly name: TopicName;
	readonly feeds = new Set<TopicReader>();
	readonly loads = new LoadsOfTopic();
	readonly isOver = false;
	readonly isView = false;
	#taps: readonly TopicTap[] = NONE;
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

	tap(tap: TopicTap): void {
		this.#taps = [...this.#taps, tap];
	}

	untap(tap: TopicTap): void {
		this.#taps = this.#taps.filter((other) => other !== tap);
	}

	/** Streams that read it here, or a view of it. */
	get readers(): number {
		return this.#taps.reduce((sum, tap) => sum + tap.readers, this.feeds.size);
	}

	read(after: Position): MaybePromise<ReadResult> {
		return this.#parts.backplane.read(this.name, after);
	}

	/** Every event is offered: nobody stands behind the last one. */
	bringToHead(): void {}

	#broadcast(event: Broadcast): void {
		const { body, conflationKey } = event;
		for (const tap of this.#taps) tap.broadcast(event);
		if (isControl(body)) return this.#control(body);
		this.loads.collect(body, conflationKey);
		if (this.feeds.size === 0) return;
		this.flush();
		const frame = new EventFrame([encodeEvent(this.alias, 0, body)], { first: 0, last: 0, conflationKey });
		for (const feed of this.feeds) feed.deliver(frame, 0);
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

	#advance(entry: LogEntry): void {
		const { offset, body } = entry;
		this.#head = offset;
		for (const tap of this.#taps) tap.entry(entry);
		if (this.feeds.size === 0) return;
		const isFirst = this.#pending === null;
		this.#pending ??= new PendingEvents();
		this.#pending.add(encodeEvent(this.alias, offset, body), offset);
		if (isFirst) this.#parts.flushSoon(this);
		else if (this.#pending.isFull) this.flush();
		if (isControl(body)) this.#control(body);
	}

	#control(body: string): void {
		const { event, data } = decodeEventBody(body);
		if (event !== INVALIDATED) return;
		this.loads.invalidate();
		for (const feed of this.feeds) feed.invalidated?.(data as string | null);
	}

	/**
	 * Offers every feed the events of this pass.
	 * @param dirtyTopics at the end of the pass the number of topics that have some. @default 0: it goes on
	 */
	flush(dirtyTopics = 0): void {
		const pending = this.#pending;
		this.#pending = null;
		const all = pending && offer(this.feeds, pending, dirtyTopics);
		if (all && this.#parts.observer !== null) this.#observe(this.#parts.observer, all.last - all.first + 1);
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

	#beginAnew(): void {
		// With the old number, a stream that is not up to date yet could take an event of the new log for one of the old.
		this.#alias = this.#parts.nextAlias();
		this.loads.kept.clear(); // nothing leads on from where they stand
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
		if (log.epoch !== this.#epoch) this.#beginAnew();
		this.#epoch = log.epoch;
		this.#head = this.#known = log.offset;
		// Nobody's position leads up to what follows, so everybody is brought up to date anew.
		for (const feed of this.feeds) feed.disconnected();
		for (const tap of this.#taps) tap.disconnected();
	}
}
