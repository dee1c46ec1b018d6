import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { backplaneContract, type BackplaneHarness } from '../../src/testing/backplane-contract.ts';
import { storeContract } from '../../src/testing/store-contract.ts';
import { create, type PostgresSettings } from '../support/postgres-process.ts';
import { RemoteBackplane } from '../support/remote-backplane.ts';
import { PostgresServer } from '../support/services/postgres.ts';

const MODULE = join(import.meta.dirname, '../support/postgres-process.ts');
// Events are not in the wake-ups: a process that is behind by more than a topic keeps is reset, as it should be.
const HISTORY = 1_000;

let server: PostgresServer;
const idle: RemoteBackplane[] = [];
let schemas = 0;

beforeAll(async () => {
	server = await PostgresServer.start();
});
afterAll(async () => {
	await Promise.all(idle.map((remote) => remote.kill()));
	await server[Symbol.asyncDispose]();
});

/** Each test has a schema of its own: an empty store on the same server. */
function harness(client: PostgresSettings['client']): BackplaneHarness {
	let settings: PostgresSettings;
	const busy: RemoteBackplane[] = [];
	return {
		history: HISTORY,
		create: async () => {
			settings = { url: server.url(), client, events: HISTORY, schema: `test ${schemas++}` };
			return create(settings);
		},
		reopen: async () => create(settings),
		peer: async () => {
			const remote = idle.pop() ?? (await RemoteBackplane.fork(MODULE));
			busy.push(remote);
			return remote.create(settings);
		},
		dispose: async () => {
			await Promise.all(busy.map((remote) => remote.stop()));
			idle.push(...busy.splice(0).filter((remote) => remote.isRunning));
		}
	};
}

describe.each(['url', 'postgres'] as const)('with the client %s', (client) => {
	const contract = harness(client);
	it.each(backplaneContract(contract))('$title', async ({ run }) => {
		await expect(run()).resolves.toBeUndefined();
	});

	const stored = storeContract({
		create: contract.create,
		join: contract.reopen!,
		pass: (ms) => delay(ms),
		dispose: contract.dispose
	});
	it.each(stored)('$title', async ({ run }) => {
		await expect(run()).resolves.toBeUndefined();
	});
});
