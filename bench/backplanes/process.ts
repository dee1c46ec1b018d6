// A publisher or a subscriber: `process.ts publish|subscribe VARIANT URL TOPICS`. The subscriber says how many events have
// arrived, every now and then, so that the publisher keeps a number of them on the way.

import { NATS_VARIANTS } from './nats-variants.ts';
import { REDIS_VARIANTS } from './redis-variants.ts';
import type { Payload } from './variant.ts';

const [role = '', name = '', url = '', topicCount = '1'] = process.argv.slice(2);
const variant = [...REDIS_VARIANTS, ...NATS_VARIANTS].find((each) => each.name === name);
if (!variant) throw new Error(`there is no variant "${name}"`);
const topics = Number(topicCount);
const TEXT = 'The tide comes in, the tide goes out; a wire under the sea carries it all.';
const REPORT_EVERY = 100;

/** Milliseconds on a scale that all processes of a machine share. */
const now = (): number => Number(process.hrtime.bigint()) / 1e6;
const tell = (message: unknown): void => void process.send?.(message);

function cpuMicros(): number {
	const { user, system } = process.cpuUsage();
	return user + system;
}

async function subscribe(): Promise<void> {
	let heard = 0;
	let latencies: number[] = [];
	const sequences = new Map<number, number>();
	let misplaced = 0;
	await variant?.subscriber(url, topics, ({ sentAt, topic, sequence }) => {
		heard++;
		latencies.push(now() - sentAt);
		if (sequence !== (sequences.get(topic) ?? 0) + 1) misplaced++;
		sequences.set(topic, sequence);
		if (heard % REPORT_EVERY === 0) tell({ heard });
	});
	process.on('message', () => {
		tell({ heard, latencies, misplaced, cpuMicros: cpuMicros() });
		latencies = [];
	});
}

async function publish(): Promise<void> {
	const send = await variant?.publisher(url);
	const sequences = Array.from({ length: topics }, () => 0);
	let sent = 0;
	const one = (): void => {
		const topic = sent++ % topics;
		const payload: Payload = {
			sentAt: now(),
			topic,
			sequence: (sequences[topic] = (sequences[topic] ?? 0) + 1),
			text: TEXT
		};
		void Promise.resolve(send?.(payload)).catch((error: unknown) => tell({ failure: String(error) }));
	};
	process.on('message', (count: number) => {
		if (count === 0) tell({ heard: 0, latencies: [], misplaced: 0, cpuMicros: cpuMicros() });
		for (let index = 0; index < count; index++) one();
	});
}

await (role === 'publish' ? publish() : subscribe());
tell({ ready: true });
setInterval(() => {}, 60_000);
