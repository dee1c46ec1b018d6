// A topic as live modules handle it: its encoded name together with how its events merge, so that publishing a row of
// the wrong type does not compile and an ephemeral topic is never written to a log.

import type { MergeSpec } from '../base/merge.ts';
import { encodeTopic, type TopicName, type TopicParts } from '../protocol/topic.ts';

declare const events: unique symbol;

export interface Topic<Events = Record<string, unknown>> {
	readonly name: TopicName;
	readonly merge: MergeSpec;
	/** Whether events are delivered at most once and kept nowhere. */
	readonly ephemeral: boolean;
	/** Only for the compiler: what may be published. */
	readonly [events]?: (published: Events) => void;
}

/** What `publish` accepts: the topic of a stream, or the bare parts of a log topic. */
export type TopicLike = Topic<never> | TopicParts;

export function isTopic(topic: TopicLike): topic is Topic<never> {
	return typeof topic === 'object' && 'name' in topic;
}

export function topicName(topic: TopicLike): TopicName {
	return isTopic(topic) ? topic.name : encodeTopic(topic);
}
