// The ways to carry an event from one process to another that are compared. Each makes a publisher and a subscriber, which
// are in processes of their own.

import { Adapter } from 'socket.io-adapter';
import { Redis } from 'ioredis';
import { createAdapter } from '@socket.io/redis-adapter';
import { Server } from 'socket.io';
import { encodeEventBody } from '../../src/protocol/stream.ts';
import { encodeTopic } from '../../src/protocol/topic.ts';
import type { Backplane } from '../../src/server/backplane.ts';
import { redis } from '../../src/backplanes/redis/redis.ts';

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

const channelOf = (topic: number): string => `board:${topic}`;
const each = (topics: number): number[] => Array.from({ length: topics }, (_, topic) => topic);

const bare = (name: string, options: object): Variant => ({
	name,
	keeps: false,
	publisher: async (url) => {
		const client = new Redis(url, options);
		return (payload) => client.publish(channelOf(payload.topic), JSON.stringify(payload));
	},
	subscriber: async (url, topics, hear) => {
		const client = new Redis(url);
		await client.subscribe(...each(topics).map(channelOf));
		client.on('message', (_channel, text) => hear(JSON.parse(text) as Payload));
	}
});

const tidewire = (name: string, open: (url: string) => Backplane): Variant => ({
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

const socketIo: Variant = {
	name: '@socket.io/redis-adapter',
	keeps: false,
	publisher: async (url) => {
		const server = await socketIoServer(url);
		return (payload) => server.to(channelOf(payload.topic)).emit('created', payload);
	},
	subscriber: async (url, topics, hear) => {
		// What arrives is counted where it would be written to sockets.
		Adapter.prototype.broadcast = (packet: { data: [string, Payload] }) => hear(packet.data[1]);
		const server = await socketIoServer(url);
		await server.of('/').adapter.addAll('a socket', new Set(each(topics).map(channelOf)));
	}
};

async function socketIoServer(url: string): Promise<Server> {
	const [publisher, subscriber] = [new Redis(url), new Redis(url)];
	const server = new Server({ adapter: createAdapter(publisher, subscriber) });
	await new Promise((resolve) => subscriber.once('ready', resolve));
	return server;
}

export const VARIANTS: readonly Variant[] = [
	bare('ioredis publish', {}),
	bare('ioredis publish, auto-pipelined', { enableAutoPipelining: true }),
	socketIo,
	tidewire('tidewire/redis', (url) => redis(url))
];
