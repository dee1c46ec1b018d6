// Where topics stood when a service began: it sees what comes later, whichever process leads first, and when.

import type { Position } from '../../protocol/position.ts';
import type { TopicName } from '../../protocol/topic.ts';
import type { Backplane } from '../../server/backplane.ts';

export class StartingPoints {
	/** Resolves when they are known; where one cannot be known, it is where the topic stands when it is first read. */
	readonly known: Promise<unknown>;
	readonly #heads = new Map<TopicName, Position>();

	constructor(backplane: Backplane, topics: readonly TopicName[]) {
		this.known = Promise.allSettled(topics.map((topic) => this.#note(backplane, topic)));
	}

	async #note(backplane: Backplane, topic: TopicName): Promise<void> {
		this.#heads.set(topic, await backplane.head(topic));
	}

	of(topic: TopicName): Position | undefined {
		return this.#heads.get(topic);
	}
}
