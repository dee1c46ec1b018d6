// What is made on the server: a stream for the logs, and a bucket for the shared store, which is a stream as well. Nobody
// needs to make them by hand.

import type { StreamConfig } from './jetstream.ts';
import type { Names } from './names.ts';
import type { NatsSettings } from './options.ts';

const MILLISECOND_NS = 1_000_000;
const NO_BOUND = -1;

export function logConfig(names: Names, settings: NatsSettings): StreamConfig {
	const { events, bytes, idleMs } = settings;
	return {
		...common(settings),
		name: names.log,
		description: 'Logs of topics, by tidewire',
		subjects: [names.logSubject('*')],
		max_msgs_per_subject: events,
		max_bytes: bytes,
		max_age: idleMs * MILLISECOND_NS,
		duplicate_window: Math.min(1_000, idleMs) * MILLISECOND_NS,
		// What was stored, and nothing else, comes to whoever listens, with its place in the stream.
		republish: { src: names.logSubject('*'), dest: names.topicSubject('{{wildcard(1)}}', 'log') }
	};
}

export function bucketConfig(names: Names, settings: NatsSettings): StreamConfig {
	return {
		...common(settings),
		name: names.bucket,
		description: 'What processes share, by tidewire',
		subjects: [names.keySubject('>')],
		max_msgs_per_subject: 1,
		max_bytes: NO_BOUND,
		max_age: 0,
		duplicate_window: 1_000 * MILLISECOND_NS
	};
}

const common = ({ storage, replicas }: NatsSettings): Omit<StreamConfig, 'name'> & { num_replicas: number } => ({
	storage,
	num_replicas: replicas,
	retention: 'limits',
	discard: 'old',
	max_consumers: NO_BOUND,
	max_msgs: NO_BOUND,
	max_msg_size: NO_BOUND,
	allow_direct: replicas === 1
});
