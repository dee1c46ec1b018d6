// One connection's reading of one topic. Several streams of a connection may share it, and its events are sent once.
// Invariant: `position` is where the connection's copy ends, with nothing before it left out.

import type { Position } from '../protocol/position.ts';
import type { Frame } from './frame.ts';
import type { HubTopic } from './hub-topic.ts';
import type { SendQueue } from './send-queue.ts';
import type { ServerStream } from './stream.ts';

export class Feed {
	readonly topic: HubTopic;
	readonly #queue: SendQueue;
	/** The streams of the connection that read this topic and are up to date. */
	readonly live = new Set<ServerStream>();
	/** How many streams of the connection use this feed, up to date or not. */
	users = 0;
	#epoch = '';
	#sentOffset = 0;

	constructor(topic: HubTopic, queue: SendQueue) {
		this.topic = topic;
		this.#queue = queue;
	}

	/** Sends an event on, unless no stream here is up to date: then it reaches them with their snapshot. */
	deliver(frame: Frame, offset: number, conflationKey: string | null): void {
		if (this.live.size === 0) return;
		this.#sentOffset = offset;
		this.#queue.pushEvent(this, frame, offset, conflationKey);
	}

	/** The queue dropped an event: what was sent ends before it. */
	dropped(offset: number): void {
		this.#sentOffset = Math.min(this.#sentOffset, offset - 1);
	}

	/** What the connection was sent, up to here. */
	get position(): Position {
		return { epoch: this.#epoch, offset: this.#sentOffset };
	}

	/** A stream was brought up to `position` and goes on with live events. */
	begin(stream: ServerStream, position: Position): void {
		if (this.live.size === 0) {
			this.#epoch = position.epoch;
			this.#sentOffset = position.offset;
		}
		this.live.add(stream);
	}

	/** Takes every stream off the live events. Returns them, so that they can be brought up to date later. */
	suspend(): ServerStream[] {
		const streams = [...this.live];
		this.live.clear();
		return streams;
	}
}
