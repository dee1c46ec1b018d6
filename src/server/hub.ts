// All topics that this process reads, by name. A topic lives while a stream uses it, and gets a number for the wire.

import { isPromise, type MaybePromise } from '../base/maybe-promise.ts';
import type { TopicName } from '../protocol/topic.ts';
import type { Backplane, Delivery } from './backplane.ts';
import { runReported } from './failure.ts';
import { HubTopic, type TopicParts } from './hub-topic.ts';

export class Hub {
	readonly #parts: TopicParts;
	readonly #topics = new Map<TopicName, HubTopic>();
	/** Subscriptions under way: streams that arrive together wait for one. */
	readonly #joining = new Map<HubTopic, PromiseLike<HubTopic>>();
	#aliases = 0;

	constructor(backplane: Backplane, onError: (error: unknown) => void) {
		this.#parts = { backplane, onError, nextAlias: () => ++this.#aliases };
	}

	receive(delivery: Delivery): void {
		this.#topics.get(delivery.topic)?.receive(delivery);
	}

	/**
	 * Uses a topic: from now on its events arrive. Every `join` is followed by one `leave`, also when it fails.
	 * @throws {LiveError} UNAVAILABLE where the backplane cannot be reached
	 */
	join(name: TopicName): MaybePromise<HubTopic> {
		const topic = this.#topics.get(name) ?? this.#add(name);
		topic.users++;
		if (topic.subscribed) return topic;
		return this.#joining.get(topic) ?? this.#subscribe(topic);
	}

	#add(name: TopicName): HubTopic {
		const topic = new HubTopic(name, this.#parts);
		this.#topics.set(name, topic);
		return topic;
	}

	#subscribe(topic: HubTopic): MaybePromise<HubTopic> {
		const head = this.#parts.backplane.subscribe(topic.name);
		if (isPromise(head)) {
			const joining = this.#finishJoining(topic, head);
			this.#joining.set(topic, joining);
			return joining;
		}
		topic.startAt(head);
		return topic;
	}

	async #finishJoining(topic: HubTopic, head: PromiseLike<HubTopic['head']>): Promise<HubTopic> {
		try {
			topic.startAt(await head);
			return topic;
		} finally {
			this.#joining.delete(topic);
		}
	}

	leave(name: TopicName): void {
		const topic = this.#topics.get(name);
		if (!topic || --topic.users > 0) return;
		this.#topics.delete(name);
		this.#parts.backplane.unsubscribe(name);
	}

	/** Looks for deliveries that were lost: a topic may be quiet afterwards, so that no later one would show the hole. */
	check(): void {
		for (const topic of this.#topics.values()) {
			runReported(
				() => topic.check(),
				(error) => this.#parts.onError(error)
			);
		}
	}

	/** How many topics are in use. */
	get size(): number {
		return this.#topics.size;
	}
}
