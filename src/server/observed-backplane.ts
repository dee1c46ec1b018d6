// A backplane whose publishing is observed: how long it takes to be in the log, and how it ended. What tidewire publishes
// for itself is not counted.

import { isLiveError } from '../base/errors.ts';
import type { Clock } from '../base/clock.ts';
import type { MaybePromise } from '../base/maybe-promise.ts';
import type { TopicName } from '../protocol/topic.ts';
import type { Backplane } from './backplane.ts';
import { whenEnded, type Observer, type TopicKind } from './observer.ts';
import { isSystemTopic } from './processes/system-topic.ts';

/** Bound one by one: methods of a backplane may use private fields, which a copy would not have. */
export function observedBackplane(backplane: Backplane, observer: Observer, clock: Clock): Backplane {
	const published = <Value>(
		topic: TopicName,
		kind: TopicKind,
		run: () => MaybePromise<Value>
	): MaybePromise<Value> => {
		if (isSystemTopic(topic)) return run();
		const beganMs = clock.now();
		const end = (error?: unknown): void =>
			observer.eventPublished?.(kind, error === undefined ? 'ok' : codeOf(error), clock.now() - beganMs);
		try {
			return whenEnded(observer.span ? observer.span('publish', kind, run) : run(), end);
		} catch (error) {
			end(error);
			throw error;
		}
	};
	return {
		name: backplane.name,
		store: backplane.store,
		...(backplane.recipe && { recipe: backplane.recipe }),
		start: (deliver, onStatus) => backplane.start(deliver, onStatus),
		stop: (clean) => backplane.stop(clean),
		subscribe: (topic) => backplane.subscribe(topic),
		unsubscribe: (topic) => backplane.unsubscribe(topic),
		head: (topic) => backplane.head(topic),
		read: (topic, after) => backplane.read(topic, after),
		append: (topic, body) => published(topic, 'log', () => backplane.append(topic, body)),
		broadcast: (topic, body, key) => published(topic, 'ephemeral', () => backplane.broadcast(topic, body, key))
	};
}

const codeOf = (error: unknown): string => (isLiveError(error) ? error.code : 'INTERNAL');
