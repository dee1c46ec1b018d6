// What hooks get that run for a list and not for a caller: by the time somebody has left, there is nobody who calls.

import { runReported } from '../../server/failure.ts';
import type { Publish } from '../../server/publish.ts';
import type { TopicName } from '../../protocol/topic.ts';
import type { ServiceHost } from '../../server/service.ts';
import type { TopicLike } from '../../server/topic.ts';
import type { MaybePromise } from '../../base/maybe-promise.ts';

export interface HookContext {
	/** What the list is known by. */
	readonly topic: TopicName;
	/** Publishes. Resolves when the event is in the log. */
	readonly publish: Publish<Promise<void>>;
}

export function hookContext(parts: ServiceHost, topic: TopicName): HookContext {
	const publish = async (topic: TopicLike, event: string, data?: unknown): Promise<void> =>
		parts.publisher.publish(topic, event, data);
	return { topic, publish };
}

/** Runs a hook of the application: its failure is reported and stops nothing. */
export function runHook(parts: ServiceHost, run: () => MaybePromise<unknown>): void {
	runReported(run, (error) => parts.onError('', error, null));
}
