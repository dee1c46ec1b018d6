// The Redis backplane keeps the contracts with every client library, on a real Redis, over real processes.
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { redis } from '../../src/backplanes/redis/redis.ts';
import { backplaneContract } from '../../src/testing/backplane-contract.ts';
import { storeContract } from '../../src/testing/store-contract.ts';
import { LIBRARIES, makeClient } from '../support/redis-clients.ts';
import { RedisProcesses } from '../support/redis-processes.ts';
import { RedisServer } from '../support/services/redis.ts';

const HISTORY = 16;
let server: RedisServer;

beforeAll(async () => {
	server = await RedisServer.start();
});
afterAll(() => server[Symbol.asyncDispose]());

describe.each(LIBRARIES)('with %s', (library) => {
	const processes = new RedisProcesses();
	afterAll(() => processes.end());

	const open = async () => redis(makeClient(library, server.url), { events: HISTORY });
	const contract = backplaneContract({
		create: async () => {
			await server.command('FLUSHALL');
			return open();
		},
		reopen: open,
		peer: () => processes.one({ at: server.url, library, events: HISTORY }),
		history: HISTORY,
		dispose: () => processes.release()
	});

	it.each(contract)('$title', async ({ run }) => {
		await expect(run()).resolves.toBeUndefined();
	});

	const stored = storeContract({
		create: async () => {
			await server.command('FLUSHALL');
			return open();
		},
		join: open,
		pass: (ms) => delay(ms),
		dispose: async () => {}
	});

	it.each(stored)('shared store: $title', async ({ run }) => {
		await expect(run()).resolves.toBeUndefined();
	});
});
