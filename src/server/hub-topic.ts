// One topic in one process: who reads it here, and how far deliveries have come. Deliveries from other processes may be
// lost or repeated, so offsets are checked for contiguity, and what is missing is read from the log before anything later
// is passed on. Invariant: `head` never goes back within an epoch, and every event up to it was offered to every feed.

import { isPromise } from '../base/maybe-promise.ts';
import type { Position } from '../protocol/position.ts';
import { encodeEvent, type Alias } from '../protocol/stream.ts';
import type { TopicName } from '../protocol/topic.ts';
import type { Backplane, Delivery, LogEntry, ReadResult } from './backplane.ts';
import { Frame } from './frame.ts';
import { LoadsOfTopic } from './shared-load.ts';

/** One connection that reads a topic. */
export interface TopicReader {
	deliver(frame: Frame, offset: number, conflationKey: string | null): void;
	/** What was delivered does not connect with the log any more. */
	disconnected(): void;
}

/** What all topics of a process share. */
export interface TopicParts {
	readonly backplane: Backplane;
	readonly onError: (error: unknown) => void;
}

export class HubTopic {
	readonly name: TopicName;
	readonly alias: Alias;
	readonly feeds = new Set<TopicReader>();
	readonly loads = new LoadsOfTopic();
	/** Streams that use this topic; the hub lets go of a topic that nobody uses. */
	users = 0;
	/** Whether the backplane delivers it to this process. */
	subscribed = false;
	readonly #backplane: Backplane;
	readonly #onError: (error: unknown) => void;
	#epoch = '';
	#head = 0;
	/** Whether missing events are being read from the log; deliveries meanwhile are found there too. */
	#filling = false;

	constructor(name: TopicName, alias: Alias, { backplane, onError }: TopicParts) {
		this.name = name;
		this.alias = alias;
		this.#backplane = backplane;
		this.#onError = onError;
	}

	/** The last event that was offered to the feeds of this process. */
	get head(): Position {
		return { epoch: this.#epoch, offset: this.#head };
	}

	/** Deliveries begin behind this position. */
	startAt(position: Position): void {
		this.subscribed = true;
		this.#epoch = position.epoch;
		this.#head = Math.max(this.#head, position.offset);
	}

	/** Takes an event from the backplane. */
	receive(delivery: Delivery): void {
		if (delivery.offset === 0) this.#broadcast(delivery);
		else if (delivery.epoch !== this.#epoch) this.#changeEpoch(delivery);
		else if (delivery.offset === this.#head + 1 && !this.#filling) this.#advance(delivery);
		else if (delivery.offset > this.#head) this.#fill();
	}

	#broadcast({ body, conflationKey }: Delivery): void {
		this.loads.collect(body, conflationKey);
		if (this.feeds.size === 0) return;
		const frame = new Frame(encodeEvent(this.alias, 0, body));
		for (const feed of this.feeds) feed.deliver(frame, 0, conflationKey);
	}

	#advance({ offset, body }: LogEntry): void {
		this.#head = offset;
		if (this.feeds.size === 0) return;
		const frame = new Frame(encodeEvent(this.alias, offset, body));
		for (const feed of this.feeds) feed.deliver(frame, offset, null);
	}

	/** The log was replaced by another one: nobody's position is in it, so everybody is brought up to date anew. */
	#changeEpoch({ epoch, offset }: Delivery): void {
		this.#epoch = epoch;
		this.#head = offset;
		for (const feed of this.feeds) feed.disconnected();
	}

	#fill(): void {
		if (this.#filling) return;
		this.#filling = true;
		const missing = this.#backplane.read(this.name, this.head);
		if (!isPromise(missing)) return this.#filled(missing);
		missing.then(
			(result) => this.#filled(result),
			(error: unknown) => {
				this.#filling = false; // the next delivery or heartbeat tries again
				this.#onError(error);
			}
		);
	}

	#filled(result: ReadResult): void {
		this.#filling = false;
		if (result.kind === 'reset') {
			for (const feed of this.feeds) feed.disconnected();
			return;
		}
		for (const entry of result.entries) if (entry.offset === this.#head + 1) this.#advance(entry);
	}
}
