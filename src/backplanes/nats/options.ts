// What can be chosen about the NATS backplane. Every process of an application gives the same: each makes the stream and the
// bucket on the server what its own options say.

import type { Clock } from '../../base/clock.ts';
import { systemClock } from '../../base/clock.ts';

export interface NatsOptions {
	/** Begins the name of everything that is made on the server: letters, digits, `_` and `-`. @default 'tidewire' */
	prefix?: string;
	/** The most messages that a topic keeps; what a process publishes to it at once is one. @default 10000 */
	events?: number;
	/** The most bytes that all topics keep together; -1: what the server allows. @default 1073741824 */
	bytes?: number;
	/** How long an event is kept; a topic without any is forgotten. In milliseconds. @default 604800000 */
	idleMs?: number;
	/** Where the server keeps what it stores. @default 'file' */
	storage?: 'file' | 'memory';
	/** How many servers of a NATS cluster keep it. @default 1 */
	replicas?: number;
	/** How long anything that is asked of NATS may take, waiting for a lost connection included. @default 2000 */
	timeoutMs?: number;
	/** The most events that wait to be stored; further ones are refused with UNAVAILABLE. @default 100000 */
	maxQueued?: number;
	/** What ended this long ago is deleted from the shared store, about as often. In milliseconds. @default 3600000 */
	sweepMs?: number;
	/** For `connect` of `@nats-io/transport-node`, where a URL was given: credentials, TLS and the like. @default {} */
	connection?: Readonly<Record<string, unknown>>;
	/** Told of foreign or broken messages on our subjects, which are dropped and counted. @default nobody */
	onError?: (error: unknown) => void;
	/** @default the runtime's clock */
	clock?: Clock;
	/** Numbers in [0, 1) that spread attempts to connect. @default Math.random */
	random?: () => number;
}

export type NatsSettings = Required<NatsOptions>;

const DEFAULTS: NatsSettings = {
	prefix: 'tidewire',
	events: 10_000,
	bytes: 1024 * 1024 * 1024,
	idleMs: 7 * 24 * 60 * 60 * 1_000,
	storage: 'file',
	replicas: 1,
	timeoutMs: 2_000,
	maxQueued: 100_000,
	sweepMs: 60 * 60 * 1_000,
	connection: {},
	onError: () => {},
	clock: systemClock,
	random: Math.random
};

/** How often the server is asked whether it still lives, in milliseconds: a half-open connection never ends by itself. */
export const PING_EVERY_MS = 1_000;

/** Delays between attempts to connect: short, because nothing can be published meanwhile. */
export const RECONNECT = { firstMs: 100, capMs: 5_000 } as const;

export function settingsFrom(options: NatsOptions): NatsSettings {
	const settings = { ...DEFAULTS, ...options };
	if (/^[\w-]{1,64}$/.test(settings.prefix)) return settings;
	throw new Error(
		`tidewire: the prefix "${settings.prefix}" of a NATS backplane may have letters, digits, _ and - only`
	);
}
