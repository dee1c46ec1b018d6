// Turns what a handler publishes into events: encodes once, decides between log and broadcast, keeps the pace.

import { isPromise, whenDone, type MaybePromise } from '../base/maybe-promise.ts';
import type { MergeSpec } from '../base/merge.ts';
import { FIXED_LIMITS } from '../protocol/limits.ts';
import { encodeEventBody, INVALIDATED, RESERVED_EVENTS, type EventBody } from '../protocol/stream.ts';
import type { Backplane } from './backplane.ts';
import type { Pacer } from './pacer.ts';
import { isTopic, topicName, type TopicLike } from './topic.ts';

export class Publisher {
	readonly #backplane: Backplane;
	readonly #pacer: Pacer;
	readonly #onError: (error: unknown) => void;

	/** @param onError told of what fails after the handler has answered */
	constructor(backplane: Backplane, pacer: Pacer, onError: (error: unknown) => void) {
		this.#backplane = backplane;
		this.#pacer = pacer;
		this.#onError = onError;
	}

	/** Returns when the event is in the log and delivered on this process; for an ephemeral topic when it is sent. */
	publish(topic: TopicLike, event: string, data: unknown): MaybePromise<void> {
		if (event.length === 0 || event.length > FIXED_LIMITS.eventLength) {
			throw new TypeError(
				`an event's name must have 1 to ${FIXED_LIMITS.eventLength} characters, not ${event.length}`
			);
		}
		if (RESERVED_EVENTS.has(event)) throw new TypeError(`the name "${event}" is reserved`);
		const key = isTopic(topic) && topic.ephemeral ? conflationKey(topic.merge, event, data) : null;
		return this.#send(topic, encodeEventBody(event, data), key);
	}

	/**
	 * Has the streams of a topic load anew, on every process; those that are away now, when they come back.
	 * @param path of the streams that it concerns; null for all
	 */
	invalidate(topic: TopicLike, path: string | null): MaybePromise<void> {
		return this.#send(topic, encodeEventBody(INVALIDATED, path), null);
	}

	#send(topic: TopicLike, body: EventBody, conflationKey: string | null): MaybePromise<void> {
		if (isTopic(topic) && topic.ephemeral) return this.#backplane.broadcast(topic.name, body, conflationKey);
		return whenDone(this.#backplane.append(topicName(topic), body), () => undefined);
	}

	// oxlint-disable-next-line max-params -- what an author writes
	throttle(topic: TopicLike, event: string, data: unknown, ms: number): void {
		this.#pacer.throttle(paceKey(topic, event, data), ms, () => this.#publishLate(topic, event, data));
	}

	// oxlint-disable-next-line max-params -- what an author writes
	debounce(topic: TopicLike, event: string, data: unknown, ms: number): void {
		this.#pacer.debounce(paceKey(topic, event, data), ms, () => this.#publishLate(topic, event, data));
	}

	#publishLate(topic: TopicLike, event: string, data: unknown): void {
		try {
			const published = this.publish(topic, event, data);
			if (isPromise(published)) published.then(undefined, this.#onError);
		} catch (error) {
			this.#onError(error);
		}
	}
}

/**
 * What later events replace while they wait: the row, or with `set` the whole value. An `updated` row is only ever
 * replaced by its next update: it says nothing to a client that was not told of its creation.
 */
function conflationKey(merge: MergeSpec, event: string, data: unknown): string | null {
	if (merge.kind === 'set') return '';
	if (merge.kind === 'latest' || (merge.kind === 'crud' && event !== 'updated')) return null;
	return keyOf(data, merge.key);
}

function keyOf(data: unknown, field: string): string | null {
	const key = typeof data === 'object' && data !== null ? (data as Record<string, unknown>)[field] : undefined;
	return typeof key === 'string' || typeof key === 'number' ? String(key) : null;
}

/** Rows have their own pace, so that one user's cursor never holds back another's. With `set` there is one value. */
function paceKey(topic: TopicLike, event: string, data: unknown): string {
	return JSON.stringify([topicName(topic), event, pacedRow(topic, data)]);
}

function pacedRow(topic: TopicLike, data: unknown): string | null {
	if (!isTopic(topic)) return keyOf(data, 'key') ?? keyOf(data, 'id');
	return topic.merge.kind === 'set' ? null : keyOf(data, topic.merge.key);
}
