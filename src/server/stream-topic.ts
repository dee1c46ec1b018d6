// The topic of a stream for given arguments.

import { isPromise, type MaybePromise } from '../base/maybe-promise.ts';
import type { TopicParts } from '../protocol/topic.ts';
import type { LiveContext } from './context.ts';
import type { StreamDefinition } from './definition.ts';

export function topicOfStream(
	definition: StreamDefinition,
	context: LiveContext,
	args: readonly unknown[]
): MaybePromise<TopicParts> {
	return typeof definition.topic === 'function' ? definition.topic(context, ...args) : definition.topic;
}

/**
 * The same, where nobody calls: for code that publishes.
 * @param pathOf the path of the stream, which its topic may be made of
 * @throws {TypeError} where the topic depends on the caller or is made asynchronously
 */
export function topicWithoutCaller(
	definition: StreamDefinition,
	args: readonly unknown[],
	pathOf: () => string
): TopicParts {
	const parts = topicOfStream(definition, nobody(pathOf), args);
	if (isPromise(parts))
		throw new TypeError('a topic that is made asynchronously has no topic(); publish to its parts');
	return parts;
}

const nobody = (pathOf: () => string): LiveContext =>
	new Proxy({} as LiveContext, {
		get(_, property) {
			if (property === 'path') return pathOf();
			throw new TypeError(
				`the topic depends on ctx.${String(property)}: use topicFor(ctx, …) instead of topic(…)`
			);
		}
	});
