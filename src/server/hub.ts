// All topics that this process reads, by name. A topic lives while a stream uses it, and gets a number for the wire. What
// is delivered in one pass of the event loop is offered to the readers at its end.

import { isPromise, type MaybePromise } from '../base/maybe-promise.ts';
import type { EventBody } from '../protocol/stream.ts';
import type { TopicName } from '../protocol/topic.ts';
import type { Backplane, Delivery } from './backplane.ts';
import { runReported } from './failure.ts';
import { HubTopic, type Flushed, type TopicParts } from './hub-topic.ts';
import type { Observer } from './observer.ts';

export interface HubOwner {
	/** There is something to flush at the end of this pass. */
	needsFlush(): void;
	/** @default null */
	readonly observer?: Observer | null;
}

export class Hub {
	readonly #parts: TopicParts;
	readonly #topics = new Map<TopicName, HubTopic>();
	/** Subscriptions under way: streams that arrive together wait for one. */
	readonly #joining = new Map<HubTopic, PromiseLike<HubTopic>>();
	/** Topics with events of this pass. */
	#unflushed: Flushed[] = [];
	#aliases = 0;

	constructor(backplane: Backplane, onError: (error: unknown) => void, owner: HubOwner) {
		this.#parts = {
			backplane,
			onError,
			observer: owner.observer ?? null,
			nextAlias: () => ++this.#aliases,
			flushSoon: (topic) => {
				this.#unflushed.push(topic);
				owner.needsFlush();
			}
		};
	}

	/** Whether there are events that readers were not offered yet. */
	get hasPending(): boolean {
		return this.#unflushed.length > 0;
	}

	/** Offers the readers what was delivered in this pass. */
	flush(): void {
		const topics = this.#unflushed;
		this.#unflushed = [];
		for (const topic of topics) topic.flush(topics.length);
	}

	receive(delivery: Delivery): void {
		this.#topics.get(delivery.topic)?.receive(delivery);
	}

	/** An event of an ephemeral topic for some of the connections that read it here. */
	deliverTo(name: TopicName, body: EventBody, includes: (connectionId: string) => boolean): void {
		this.#topics.get(name)?.deliverTo(body, includes);
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
		topic.loads.kept.close();
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

	/** What views of topics share with them. */
	get parts(): TopicParts {
		return this.#parts;
	}

	/** All topics that are in use. */
	get topics(): Iterable<HubTopic> {
		return this.#topics.values();
	}

	/** How many topics are in use. */
	get size(): number {
		return this.#topics.size;
	}
}
