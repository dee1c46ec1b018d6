// The real services, as histories treat them: killed, started again with what they have stored, stopped for a while, put back
// to what they had earlier, emptied.

import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { NatsServer } from '../support/services/nats.ts';
import { PostgresServer } from '../support/services/postgres.ts';
import { RedisServer } from '../support/services/redis.ts';
import type { BackplaneKind } from './messages.ts';

export interface Service extends AsyncDisposable {
	readonly port: number;
	/** Ends it without a word. */
	kill(): Promise<void>;
	/** Starts it on what it has; after `kill` or `lose`. Resolves when it answers. */
	start(): Promise<void>;
	/** It stays there and does nothing. */
	freeze(): void | Promise<void>;
	thaw(): void | Promise<void>;
	/** Keeps a copy of what it has, for `lose`. */
	keep(): Promise<void>;
	/** Takes away what it has stored, or what it has stored since `keep`. It has been killed. */
	lose(what: 'all' | 'since'): void;
}

const START: Record<BackplaneKind, () => Promise<Service>> = {
	redis: startRedis,
	postgres: startPostgres,
	nats: startNats
};

export const startService = (kind: BackplaneKind): Promise<Service> => START[kind]();

async function startRedis(): Promise<Service> {
	// Written before it is acknowledged, so that a kill loses nothing.
	const redis = await RedisServer.start([
		'--appendonly',
		'yes',
		'--appendfsync',
		'no',
		'--auto-aof-rewrite-percentage',
		'0'
	]);
	const data = join(redis.folder, 'appendonlydir');
	const kept = join(redis.folder, 'kept');
	return {
		port: redis.port,
		kill: () => redis.kill(),
		start: () => redis.start(),
		freeze: () => redis.pause(),
		thaw: () => redis.resume(),
		// What it is writing just now may be cut off in the copy; it starts all the same.
		keep: async () => cpSync(data, kept, { recursive: true, force: true }),
		lose: (what) => {
			rmSync(data, { recursive: true, force: true });
			if (what === 'since') cpSync(kept, data, { recursive: true });
		},
		[Symbol.asyncDispose]: () => redis[Symbol.asyncDispose]()
	};
}

async function startPostgres(): Promise<Service> {
	const postgres = await PostgresServer.start();
	const copyStopped = async (): Promise<string> => {
		await postgres.stop();
		const copy = postgres.copy();
		await postgres.start();
		return copy;
	};
	const empty = await copyStopped();
	let kept = empty;
	return {
		port: postgres.port,
		kill: () => postgres.kill(),
		start: () => postgres.start(),
		freeze: () => postgres.freeze(),
		thaw: () => postgres.thaw(),
		keep: async () => {
			if (kept !== empty) rmSync(kept, { recursive: true, force: true });
			kept = await copyStopped();
		},
		lose: (what) => postgres.restore(what === 'all' ? empty : kept),
		[Symbol.asyncDispose]: () => postgres[Symbol.asyncDispose]()
	};
}

async function startNats(): Promise<Service> {
	const nats = await NatsServer.start();
	let kept: string | null = null;
	return {
		port: nats.port,
		kill: () => nats.kill(),
		start: () => nats.start(),
		freeze: () => nats.freeze(),
		thaw: () => nats.thaw(),
		keep: async () => {
			if (kept !== null) rmSync(kept, { recursive: true, force: true });
			await nats.stop();
			kept = nats.copy();
			await nats.start();
		},
		lose: (what) => (what === 'since' && kept !== null ? nats.restore(kept) : nats.clear()),
		[Symbol.asyncDispose]: () => nats[Symbol.asyncDispose]()
	};
}
