// What features read: topics, by whatever names them in a live module.

import { definitionOf } from '../../server/definition.ts';
import { topicName, type Topic, type TopicLike } from '../../server/topic.ts';
import type { TopicName, TopicPart } from '../../protocol/topic.ts';

/** A name, parts, the topic of a stream, or a stream without arguments itself. */
export type Source<Events = never> = string | readonly TopicPart[] | Topic<Events> | { topic(): Topic<Events> };

/** Those whose events have no type of their own. */
export type NamedSource = string | readonly TopicPart[];

/** What the events of sources carry, by name. */
export type EventsOfSource<From> = From extends NamedSource
	? Record<string, Record<string, unknown>>
	: From extends { topic(): Topic<infer Events> }
		? Events
		: From extends Topic<infer Events>
			? Events
			: never;

/** The names of events. */
export type EventName<Events> = Events extends unknown ? keyof Events & string : never;

/** What they carry: any of it. A handler may say which, by the type of its parameter. */
export type EventData<Events> = Events extends unknown ? Events[keyof Events & string] : never;

/**
 * The topics of sources, each once.
 * @throws {Error} where one is no source, or a stream whose module has not been registered yet
 */
export function topicsOf(sources: readonly Source[]): TopicName[] {
	return [...new Set(sources.map(nameOf))];
}

const nameOf = (source: Source): TopicName => topicName(targetOf(source));

/** The same, to publish to. */
export function targetOf(source: Source): TopicLike {
	return isStream(source) ? source.topic() : source;
}

export const isStream = (source: unknown): source is { topic(): Topic<never> } =>
	definitionOf(source)?.kind === 'stream';

/** @throws {TypeError} where something cannot be a list of sources; found where it stands, not when it runs */
export function checkSources(sources: unknown, what: string): void {
	if (!Array.isArray(sources) || sources.length === 0) {
		throw new TypeError(`${what} takes a list of topics that is not empty`);
	}
	for (const source of sources as unknown[]) checkSource(source, what);
}

function checkSource(source: unknown, what: string): void {
	if (isStream(source)) return;
	const isTopicLike = typeof source === 'string' || (typeof source === 'object' && source !== null);
	if (!isTopicLike) throw new TypeError(`${what}: a ${typeof source} is no topic`);
	topicName(source as TopicLike);
}
