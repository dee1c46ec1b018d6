// One connection's reading of one topic. Several streams of a connection may share it, and its events are sent once.
// Invariant: `position` is where the connection's copy ends, with nothing before it left out.

import type { Position } from '../protocol/position.ts';
import type { EventFrame } from './event-frame.ts';
import type { ReadTopic, TopicReader } from './read-topic.ts';
import type { EventSource, SendQueue } from './send-queue.ts';

/** A stream, as far as its feed minds. */
export interface FedStream {
	/** Brings the client up to date from a position, by default from where its feed ended. */
	catchUp(from?: Position): void;
	/** What the streams of this path had loaded does not hold any more; null means those of any path. */
	invalidated(path: string | null): void;
	/** What it reads cannot be read any more. */
	failed(error: unknown): void;
}

/** The connection that a feed belongs to. */
export interface FeedHost {
	readonly connectionId: string;
	readonly queue: SendQueue<Feed>;
	/** How many topics it reads. */
	readonly topicCount: number;
}

/** What most lists here hold most of the time. */
const NONE: readonly never[] = [];

export class Feed implements TopicReader, EventSource {
	readonly topic: ReadTopic;
	readonly #host: FeedHost;
	/** The streams of the connection that read this topic and are up to date. A list: there is one, as a rule. */
	#live: readonly FedStream[] = NONE;
	/** How many streams of the connection use this feed, up to date or not. */
	users = 0;
	#epoch = '';
	#sentOffset = 0;

	constructor(topic: ReadTopic, host: FeedHost) {
		this.topic = topic;
		this.#host = host;
	}

	get connectionId(): string {
		return this.#host.connectionId;
	}

	/** Whether a stream here is up to date. */
	get isLive(): boolean {
		return this.#live.length > 0;
	}

	/** Sends events on, unless no stream here is up to date: then they reach it with its snapshot. */
	deliver(events: EventFrame, dirtyTopics: number): void {
		if (!this.isLive) return;
		if (events.last > 0) this.#sentOffset = events.last;
		const { queue, topicCount } = this.#host;
		const isLast = Math.min(dirtyTopics, topicCount) === 1; // no other topic has anything for this connection
		if (!isLast || !queue.sendNow(events)) queue.pushEvents(this, events);
	}

	/** Sends on what the topic has kept for the end of this pass. */
	flush(): void {
		if (this.isLive) this.topic.flushTo(this);
	}

	/** The queue dropped events: what was sent ends before them. */
	dropped(offset: number): void {
		if (offset > 0) this.#sentOffset = Math.min(this.#sentOffset, offset - 1);
	}

	get offset(): number {
		return this.#sentOffset;
	}

	/** What the connection was sent, up to here. */
	get position(): Position {
		return { epoch: this.#epoch, offset: this.#sentOffset };
	}

	/**
	 * A stream was brought up to `position` and goes on with live events. The log may be ahead of the deliveries here, and
	 * one stream further than the next: the feed goes on where the last of them is.
	 */
	begin(stream: FedStream, position: Position): void {
		if (!this.isLive || position.offset < this.#sentOffset) {
			this.#epoch = position.epoch;
			this.#sentOffset = position.offset;
		}
		this.#live = [...this.#live, stream];
	}

	/** A stream gets no more live events. */
	end(stream: FedStream): void {
		this.#live = this.#live.filter((other) => other !== stream);
	}

	/** The log does not connect with what was delivered: every stream is brought up to date anew. */
	disconnected(): void {
		for (const stream of this.suspend()) stream.catchUp();
	}

	invalidated(path: string | null): void {
		for (const stream of this.#live) stream.invalidated(path);
	}

	failed(error: unknown): void {
		for (const stream of this.suspend()) stream.failed(error);
	}

	/** Takes every stream off the live events. Returns them, so that they can be brought up to date later. */
	suspend(): readonly FedStream[] {
		const streams = this.#live;
		this.#live = NONE;
		return streams;
	}
}
