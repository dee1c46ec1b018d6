// What the processes of these tests say to each other.
import type { Limits } from '../../src/protocol/limits.ts';

export interface ServerSettings {
	limits?: Partial<Limits>;
	/** Events that a topic keeps. */
	history?: number;
}

export type Command = { kind: 'stats' } | Publish;

export interface Publish {
	kind: 'publish';
	topic: 'load' | 'flood';
	count: number;
	bytes: number;
	everyMs: number;
}

export interface Stats {
	/** Bytes that wait for each connection. */
	queued: number[];
	/** The most that waited for one of them since the last question. */
	peakQueued: number;
	rss: number;
	/** What the process holds after a garbage collection, in and outside the heap. */
	held: number;
}

/** Where a group of healthy readers connects, and how many they are. */
export interface ReaderSettings {
	url: string;
	readers: number;
}

/** Asks a group of readers for its latencies as soon as so many events have arrived there since the last question. */
export interface LatenciesOf {
	events: number;
}

/** How long events took to arrive, since the last question; and whether any was missing. */
export interface Latencies {
	count: number;
	p50: number;
	p99: number;
	gaps: number;
}
