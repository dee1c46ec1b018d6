// Over NATS: plain publishing, publishing to a stream that keeps it and says so, and ours.

import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { nats } from '../../src/backplanes/nats/nats.ts';
import { each, tidewire, type Payload, type Variant } from './variant.ts';

const STREAM = 'boards';
const subjectOf = (topic: number): string => `board.${topic}`;
const open = (url: string): Promise<NatsConnection> => connect({ servers: url });

async function subscribe(url: string, topics: number, hear: (payload: Payload) => void): Promise<void> {
	const connection = await open(url);
	const callback = (_: Error | null, message: { string(): string }): void =>
		hear(JSON.parse(message.string()) as Payload);
	for (const topic of each(topics)) connection.subscribe(subjectOf(topic), { callback });
	await connection.flush();
}

const bare: Variant = {
	name: 'NATS publish',
	keeps: false,
	publisher: async (url) => {
		const connection = await open(url);
		return (payload) => connection.publish(subjectOf(payload.topic), JSON.stringify(payload));
	},
	subscriber: subscribe
};

/** Acknowledged one by one; the subscriber hears what is published, whether or not it was stored. */
const stored: Variant = {
	name: 'JetStream publish',
	keeps: true,
	publisher: async (url) => {
		const connection = await open(url);
		const manager = await jetstreamManager(connection);
		await manager.streams.add({ name: STREAM, subjects: ['board.*'] });
		const stream = jetstream(connection, { timeout: 30_000 });
		return (payload) => stream.publish(subjectOf(payload.topic), JSON.stringify(payload));
	},
	subscriber: subscribe
};

export const NATS_VARIANTS: readonly Variant[] = [bare, stored, tidewire('tidewire/nats', (url) => nats(url))];
