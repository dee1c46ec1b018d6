// What can be chosen about the Redis backplane.

import type { Clock } from '../../base/clock.ts';

export interface RedisOptions {
	/** What every key and channel begins with; applications with different ones share a Redis. @default 'tidewire' */
	keyPrefix?: string;
	/** About the most events that a topic keeps: Redis cuts off what was stored together, up to 64 events. @default 10000 */
	events?: number;
	/** About the most bytes that the events of a topic have together. @default 16777216 */
	bytes?: number;
	/** About how long a topic keeps an event, in milliseconds; null: as long as the other bounds allow. @default null */
	ageMs?: number | null;
	/** After how many milliseconds a topic that nobody used is forgotten, at the earliest 7/8 of it. @default 604800000 */
	idleMs?: number;
	/** How long anything that is asked of Redis may take, waiting for a lost connection included. @default 2000 */
	timeoutMs?: number;
	/** The most events that wait to be sent; further ones are refused with UNAVAILABLE. @default 100000 */
	maxQueued?: number;
	/** Told of foreign or broken messages on our channels, which are dropped and counted. @default nobody */
	onError?: (error: unknown) => void;
	/** @default the runtime's clock */
	clock?: Clock;
	/** Numbers in [0, 1) that spread attempts to connect. @default Math.random */
	random?: () => number;
}

export const REDIS_DEFAULTS = {
	keyPrefix: 'tidewire',
	events: 10_000,
	bytes: 16 * 1024 * 1024,
	ageMs: null,
	idleMs: 7 * 24 * 60 * 60 * 1_000,
	timeoutMs: 2_000,
	maxQueued: 100_000
} as const satisfies RedisOptions;

/** How often both connections are asked whether they still live, in milliseconds. */
export const PING_EVERY_MS = 1_000;

/** Delays between attempts to connect: short, because nothing can be published meanwhile. */
export const RECONNECT = { firstMs: 250, capMs: 5_000 } as const;

/** How long an event of our own waits for those before it, which come on another connection. */
export const HOLD_MS = 100;
