// Batches of what concerns topics: in one script where one server has them all; in a Cluster one script per topic, one after
// another, so that a redirection does not change their order.

import type { Clock } from '../../base/clock.ts';
import { LiveError } from '../../base/errors.ts';
import type { TopicName } from '../../protocol/topic.ts';
import { Lane } from './lane.ts';

/** One thing to do. */
export interface Task<Result> {
	readonly topic: TopicName;
	readonly size: number;
	readonly resolve: (result: Result) => void;
	readonly reject: (error: unknown) => void;
}

/** Two: one that Redis works on while the answer to the other travels. In a Cluster the order is kept by one after another. */
const IN_FLIGHT = { ofServer: { any: 2, full: 6 }, ofTopic: { any: 1, full: 1 } } as const;

export interface LanesParts<Item> {
	readonly clock: Pick<Clock, 'defer'>;
	readonly isCluster: boolean;
	/** The most items that wait or are under way. */
	readonly maxQueued: number;
	/** Carries out all items of each topic, in their order, and settles them; rejects where that fails for all of them. */
	send(topics: Map<TopicName, Item[]>): Promise<void>;
	readonly isDown: () => boolean;
}

export class Lanes<Result, Item extends Task<Result>> {
	readonly #parts: LanesParts<Item>;
	readonly #lanes = new Map<string, Lane<Item>>();
	#queued = 0;
	#idle: (() => void)[] = [];

	constructor(parts: LanesParts<Item>) {
		this.#parts = parts;
	}

	/** Has something done with the next batch. */
	push(item: Item): void {
		const { maxQueued, isCluster } = this.#parts;
		if (this.#queued >= maxQueued) {
			const reason = `${maxQueued} events wait for Redis already (the option maxQueued)`;
			return item.reject(new LiveError('UNAVAILABLE', reason));
		}
		this.#queued++;
		const name = isCluster ? item.topic : '';
		(this.#lanes.get(name) ?? this.#add(name)).push(item);
	}

	/** Sends everything that was pushed. Resolves when nothing waits any more. */
	async flush(): Promise<void> {
		for (const lane of [...this.#lanes.values()]) lane.flush();
		if (this.#queued > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
	}

	#add(name: string): Lane<Item> {
		const { clock, isCluster, isDown } = this.#parts;
		const parts = {
			clock,
			isDown,
			sizeOf: ({ size }: Item) => size,
			send: (items: Item[]) => this.#send(items),
			refuse: (item: Item, error: unknown) => this.#refuse(item, error),
			onIdle: () => isCluster && this.#lanes.delete(name)
		};
		const lane = new Lane(parts, isCluster ? IN_FLIGHT.ofTopic : IN_FLIGHT.ofServer);
		this.#lanes.set(name, lane);
		return lane;
	}

	async #send(items: Item[]): Promise<void> {
		await this.#parts.send(byTopic(items));
		this.#settled(items.length);
	}

	#refuse(item: Item, error: unknown): void {
		item.reject(error);
		this.#settled(1);
	}

	#settled(count: number): void {
		this.#queued -= count;
		if (this.#queued === 0) for (const resolve of this.#idle.splice(0)) resolve();
	}
}

function byTopic<Item extends { readonly topic: TopicName }>(items: Item[]): Map<TopicName, Item[]> {
	const topics = new Map<TopicName, Item[]>();
	for (const item of items) {
		const known = topics.get(item.topic);
		if (known) known.push(item);
		else topics.set(item.topic, [item]);
	}
	return topics;
}
