// What streams read: a topic as the hub has it, or a view of one.

import type { MaybePromise } from '../base/maybe-promise.ts';
import type { Position } from '../protocol/position.ts';
import type { Alias, ResetReason } from '../protocol/stream.ts';
import type { TopicName } from '../protocol/topic.ts';
import type { ValueText } from '../protocol/value.ts';
import type { LogEntry } from './backplane.ts';
import type { EventFrame } from './event-frame.ts';
import type { LoadsOfTopic } from './loads-of-topic.ts';

/** One connection that reads a topic. */
export interface TopicReader {
	/** Whose it is; absent for a reader of the server's own. */
	readonly connectionId?: string;
	/** Of the last event that it was sent. */
	readonly offset: number;
	/** @param dirtyTopics at the end of a pass the number of topics that have events for their readers, before it 0 */
	deliver(events: EventFrame, dirtyTopics: number): void;
	/** What was delivered does not connect with the log any more. */
	disconnected(): void;
	/** What was loaded does not hold any more; `path` names the streams that it concerns, null means all of them. */
	invalidated?(path: string | null): void;
	/** It cannot be read any more. */
	failed?(error: unknown): void;
}

/** What follows a position, or why nothing can. An entry without a body is nothing that concerns the reader. */
export type TopicRead =
	| { kind: 'events'; epoch: string; entries: LogEntry[] }
	| { kind: 'reset'; reason: Exclude<ResetReason, 'slow' | 'reload'> };

/** The value of all who read a view. */
export interface SharedRows {
	readonly isReady: boolean;
	/** Settles when it may be ready. Rejects where it cannot be loaded. */
	readonly ready: Promise<void>;
	/** As it is at the head. */
	readonly text: ValueText;
}

export interface ReadTopic {
	readonly name: TopicName;
	/** Its number on the wire, as long as its log stays the same. */
	readonly alias: Alias;
	/** The last event that its feeds were offered, or are at the end of this pass. */
	readonly head: Position;
	/** What is loaded from now on holds everything up to here: a view may not have come as far. @default `head` */
	readonly loadedFrom?: Position;
	readonly feeds: Set<TopicReader>;
	readonly loads: LoadsOfTopic;
	/** Whether it is a view of a topic. */
	readonly isView: boolean;
	/** Whether it has ended: whoever reads it joins anew. */
	readonly isOver: boolean;
	read(after: Position): MaybePromise<TopicRead>;
	/** What a loaded value becomes for its readers. @default the value itself */
	shownAs?(value: unknown): MaybePromise<unknown>;
	/** What all of its readers share; undefined where each of them loads. */
	readonly rows?: SharedRows;
	/** Compares with the log. */
	check(): MaybePromise<void>;
	/** Offers one feed at once what waits for the end of this pass: its connection is about to be sent something else. */
	flushTo(feed: TopicReader): void;
	/** Tells one feed how far it has come, where that is further than its last event. */
	bringToHead(feed: TopicReader): void;
}

/** Events that leave together, made for whoever has everything up to an offset; null where there are none behind it. */
export interface Offer {
	after(offset: number): EventFrame | null;
}

/** Offers every feed what it does not have. Returns the events; null where there are none. */
export function offer(feeds: Iterable<TopicReader>, events: Offer, dirtyTopics: number): EventFrame | null {
	const all = events.after(0);
	if (!all) return null;
	for (const feed of feeds) {
		const news = feed.offset < all.first ? all : events.after(feed.offset);
		if (news) feed.deliver(news, dirtyTopics);
	}
	return all;
}
