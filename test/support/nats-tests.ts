// What tests on a real NATS have in common: servers, backplanes and connections that end with the test, and its topic.
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { afterEach, expect } from 'vitest';
import type { NatsConnectionLike } from '../../src/backplanes/nats/client.ts';
import { nats, type NatsBackplane } from '../../src/backplanes/nats/nats.ts';
import type { NatsOptions } from '../../src/backplanes/nats/options.ts';
import type { Position } from '../../src/protocol/position.ts';
import { encodeTopic } from '../../src/protocol/topic.ts';
import { LogReader } from './log-reader.ts';
import { NatsServer } from './services/nats.ts';

/** How often histories that depend on the moment are played. */
export const RUNS = Number(process.env['TIDEWIRE_RUNS'] ?? 3);
export const TIME_FOR_RUNS = { timeout: 30_000 + RUNS * 4_000 };

export const topic = encodeTopic(['board', 'one']);
const cleanups: (() => unknown)[] = [];

afterEach(async () => {
	for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

/** Has something end with the test, before what was begun earlier. */
export function atEnd(cleanup: () => unknown): void {
	cleanups.push(cleanup);
}

export async function startServer(): Promise<NatsServer> {
	const server = await NatsServer.start();
	atEnd(() => server[Symbol.asyncDispose]());
	return server;
}

export function open(server: string | NatsConnectionLike, options: NatsOptions = {}): NatsBackplane {
	const backplane = nats(server, options);
	atEnd(() => backplane.stop());
	return backplane;
}

export async function start(server: string | NatsConnectionLike, options: NatsOptions = {}): Promise<NatsBackplane> {
	const backplane = open(server, options);
	await backplane.start(() => {});
	return backplane;
}

export const startReader = (url: string): Promise<LogReader> =>
	new LogReader(open(url, { events: 1_000_000 })).start(topic);

/** A connection of somebody else. */
export async function stranger(url: string): Promise<NatsConnection> {
	const connection = await connect({ servers: url, maxReconnectAttempts: -1, reconnectTimeWait: 20 });
	atEnd(() => connection.close());
	return connection;
}

export const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);
export const body = (data: unknown): string => `"created",${JSON.stringify(data)}`;

/** What the log has, from its first event on. */
export async function logOf(backplane: LogReader['backplane']): Promise<number[]> {
	const { epoch } = await backplane.head(topic);
	const result = await backplane.read(topic, { epoch, offset: 0 });
	expect(result.kind).toBe('events');
	return result.kind === 'events' ? result.entries.map(({ body }) => Number(body.split(',')[1])) : [];
}

/** Null where it was refused. */
export async function tryToAppend(backplane: LogReader['backplane'], data: unknown): Promise<Position | null> {
	try {
		return await backplane.append(topic, body(data));
	} catch {
		return null;
	}
}

export const isReset =
	(before: number) =>
	({ resets }: LogReader): boolean =>
		resets > before;
