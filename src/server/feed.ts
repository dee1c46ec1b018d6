// One connection's reading of one topic. Several streams of a connection may share it, and its events are sent once.
// Invariant: `position` is where the connection's copy ends, with nothing before it left out.

import type { Position } from '../protocol/position.ts';
import type { Frame } from './frame.ts';
import type { HubTopic, TopicReader } from './hub-topic.ts';
import type { EventSource, SendQueue } from './send-queue.ts';

/** A stream, as far as its feed minds. */
export interface FedStream {
	/** Brings the client up to date from a position, by default from where its feed ended. */
	catchUp(from?: Position): void;
}

export class Feed implements TopicReader, EventSource {
	readonly topic: HubTopic;
	readonly #queue: SendQueue<Feed>;
	/** The streams of the connection that read this topic and are up to date. */
	readonly live = new Set<FedStream>();
	/** How many streams of the connection use this feed, up to date or not. */
	users = 0;
	#epoch = '';
	#sentOffset = 0;

	constructor(topic: HubTopic, queue: SendQueue<Feed>) {
		this.topic = topic;
		this.#queue = queue;
	}

	/** Sends an event on, unless no stream here is up to date: then it reaches them with their snapshot. */
	deliver(frame: Frame, offset: number, conflationKey: string | null): void {
		if (this.live.size === 0) return;
		if (offset > 0) this.#sentOffset = offset;
		this.#queue.pushEvent({ feed: this, frame, offset, conflationKey });
	}

	/** The queue dropped an event: what was sent ends before it. */
	dropped(offset: number): void {
		if (offset > 0) this.#sentOffset = Math.min(this.#sentOffset, offset - 1);
	}

	/** What the connection was sent, up to here. */
	get position(): Position {
		return { epoch: this.#epoch, offset: this.#sentOffset };
	}

	/** A stream was brought up to `position` and goes on with live events. */
	begin(stream: FedStream, position: Position): void {
		if (this.live.size === 0) {
			this.#epoch = position.epoch;
			this.#sentOffset = position.offset;
		}
		this.live.add(stream);
	}

	/** The log does not connect with what was delivered: every stream is brought up to date anew. */
	disconnected(): void {
		for (const stream of this.suspend()) stream.catchUp();
	}

	/** Takes every stream off the live events. Returns them, so that they can be brought up to date later. */
	suspend(): FedStream[] {
		const streams = [...this.live];
		this.live.clear();
		return streams;
	}
}
