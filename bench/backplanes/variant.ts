// A way to carry an event from one process to another. It makes a publisher and a subscriber, which are in processes of
// their own.

import type { Backplane } from '../../src/server/backplane.ts';
import { encodeEventBody } from '../../src/protocol/stream.ts';
import { encodeTopic } from '../../src/protocol/topic.ts';

/** What an event says; `text` makes it as long as those of the other benchmarks. */
export interface Payload {
	sentAt: number;
	sequence: number;
	topic: number;
	text: string;
}

export interface Variant {
	name: string;
	/** Whether events are kept, and positions checked. */
	keeps: boolean;
	/** Returns what publishes an event. */
	publisher(url: string): Promise<(payload: Payload) => unknown>;
	/** @param hear told of every event */
	subscriber(url: string, topics: number, hear: (payload: Payload) => void): Promise<void>;
}

export const each = (topics: number): number[] => Array.from({ length: topics }, (_, topic) => topic);

export const tidewire = (name: string, open: (url: string) => Backplane): Variant => ({
	name,
	keeps: true,
	publisher: async (url) => {
		const backplane = open(url);
		await backplane.start(() => {});
		return (payload) => backplane.append(topicOf(payload.topic), encodeEventBody('created', payload));
	},
	subscriber: async (url, topics, hear) => {
		const backplane = open(url);
		await backplane.start(({ body }) => hear((JSON.parse(`[${body}]`) as [string, Payload])[1]));
		await Promise.all(each(topics).map(async (topic) => backplane.subscribe(topicOf(topic))));
	}
});

const topicOf = (topic: number) => encodeTopic(['board', topic]);
