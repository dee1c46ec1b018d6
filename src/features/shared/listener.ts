// Hears that something was published to a topic. What exactly, and whether all of it came, is for the log to say.

import type { Position } from '../../protocol/position.ts';
import type { TopicName } from '../../protocol/topic.ts';
import type { EventFrame } from '../../server/event-frame.ts';
import type { HubTopic } from '../../server/hub-topic.ts';
import type { TopicReader } from '../../server/read-topic.ts';
import type { Hub } from '../../server/hub.ts';

export interface ListenerOptions {
	hub: Hub;
	topic: TopicName;
	/** Events have come; null where the topic goes on in another log. */
	onNews: (events: EventFrame | null) => void;
}

export class Listener implements TopicReader {
	/** It is offered everything: what it has read is known to its owner. */
	readonly offset = 0;
	readonly #options: ListenerOptions;
	#topic: HubTopic | null = null;

	constructor(options: ListenerOptions) {
		this.#options = options;
	}

	/**
	 * From here on there is news. Returns where the log stands.
	 * @throws {LiveError} UNAVAILABLE where the backplane cannot be reached
	 */
	async join(): Promise<Position> {
		const { hub, topic } = this.#options;
		try {
			this.#topic = await hub.join(topic);
		} catch (error) {
			hub.leave(topic);
			throw error;
		}
		this.#topic.feeds.add(this);
		return this.#topic.head;
	}

	leave(): void {
		if (this.#topic === null) return;
		this.#topic.feeds.delete(this);
		this.#topic = null;
		this.#options.hub.leave(this.#options.topic);
	}

	deliver(events: EventFrame): void {
		this.#options.onNews(events);
	}

	disconnected(): void {
		this.#options.onNews(null);
	}
}
