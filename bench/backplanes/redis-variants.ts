// Over Redis: plain publishing, Socket.IO's adapter, and ours.

import { Adapter } from 'socket.io-adapter';
import { Redis } from 'ioredis';
import { createAdapter } from '@socket.io/redis-adapter';
import { Server } from 'socket.io';
import { redis } from '../../src/backplanes/redis/redis.ts';
import { each, tidewire, type Payload, type Variant } from './variant.ts';

const channelOf = (topic: number): string => `board:${topic}`;

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

export const REDIS_VARIANTS: readonly Variant[] = [
	bare('ioredis publish', {}),
	bare('ioredis publish, auto-pipelined', { enableAutoPipelining: true }),
	socketIo,
	tidewire('tidewire/redis', (url) => redis(url))
];
