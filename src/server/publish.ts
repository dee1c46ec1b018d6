// The types of publishing: what a topic's stream declared is what may be published to it.

import type { TopicParts } from '../protocol/topic.ts';
import type { Topic } from './topic.ts';

export interface Publish<Result> {
	/** Publishes to the topic of a stream: event and data are checked against what the stream carries. */
	<Events, Name extends keyof Events & string>(topic: Topic<Events>, event: Name, data: Events[Name]): Result;
	/** Publishes to a log topic by its parts, unchecked. */
	(topic: TopicParts, event: string, data?: unknown): Result;
}

export interface PublishLater {
	<Events, Name extends keyof Events & string>(
		topic: Topic<Events>,
		event: Name,
		data: Events[Name],
		ms: number
	): void;
	(topic: TopicParts, event: string, data: unknown, ms: number): void;
}
