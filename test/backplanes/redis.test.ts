// The Redis backplane keeps the contracts with every client library, on a real Redis, over real processes.
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { redis } from '../../src/backplanes/redis/redis.ts';
import { backplaneContract } from '../../src/testing/backplane-contract.ts';
import { storeContract } from '../../src/testing/store-contract.ts';
import { RemoteBackplane } from '../support/remote-backplane.ts';
import { LIBRARIES, makeClient, type Library } from '../support/redis-clients.ts';
import { RedisServer } from '../support/services/redis.ts';

const PROCESS = join(import.meta.dirname, '../support/redis-process.ts');
const HISTORY = 16;
let server: RedisServer;

beforeAll(async () => {
	server = await RedisServer.start();
});
afterAll(() => server[Symbol.asyncDispose]());

/** Forked processes, which are used again from test to test. */
class Processes {
	readonly #library: Library;
	#idle: RemoteBackplane[] = [];
	#busy: RemoteBackplane[] = [];

	constructor(library: Library) {
		this.#library = library;
	}

	async one(): Promise<RemoteBackplane> {
		const process = this.#idle.pop() ?? (await RemoteBackplane.fork(PROCESS));
		this.#busy.push(process);
		return process.create({ url: server.url, library: this.#library, events: HISTORY });
	}

	async release(): Promise<void> {
		await Promise.all(this.#busy.map((process) => process.stop()));
		this.#idle.push(...this.#busy.filter((process) => process.isRunning));
		this.#busy = [];
	}

	async end(): Promise<void> {
		await Promise.all([...this.#idle, ...this.#busy].map((process) => process.kill()));
	}
}

describe.each(LIBRARIES)('with %s', (library) => {
	const processes = new Processes(library);
	afterAll(() => processes.end());

	const open = async () => redis(makeClient(library, server.url), { events: HISTORY });
	const contract = backplaneContract({
		create: async () => {
			await server.command('FLUSHALL');
			return open();
		},
		reopen: open,
		peer: async () => processes.one(),
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
