// `invalidate`: what streams have loaded does not hold any more, for a reason that is no event of theirs.

import type { StreamLike } from '../server/define-stream.ts';
import { registeredPath } from '../server/definition.ts';
import { runtime } from '../server/runtime.ts';
import type { TopicLike } from '../server/topic.ts';

/** A stream, as far as its topic goes. */
type StreamOf<Args extends unknown[]> = Pick<StreamLike<Args, unknown, unknown, never>, 'topic'> &
	((...args: Args) => unknown);

/**
 * Loads the stream anew for everybody who reads it with these arguments, on every process, each under the session of its
 * own; what is there is shown until then. Many in a row are as good as the last one. Resolves when the log has it: it
 * reaches also those who are away now.
 * @throws {LiveError} UNAVAILABLE where the log cannot be written
 * @throws {TypeError} where the topic depends on the caller: invalidate `stream.topicFor(ctx, …)` then
 */
export function invalidate<Args extends unknown[]>(stream: StreamOf<Args>, ...args: Args): Promise<void>;
/** The same for all streams of a topic. */
export function invalidate(topic: TopicLike): Promise<void>;
export async function invalidate(target: StreamOf<unknown[]> | TopicLike, ...args: unknown[]): Promise<void> {
	const { publisher } = runtime().started;
	if (typeof target !== 'function') await publisher.invalidate(target, null);
	else await publisher.invalidate(target.topic(...args), registeredPath(target) ?? null);
}
