import { setTimeout as delay } from 'node:timers/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nats } from '../../src/backplanes/nats/nats.ts';
import { backplaneContract } from '../../src/testing/backplane-contract.ts';
import { storeContract } from '../../src/testing/store-contract.ts';
import { RemoteBackplane } from '../support/remote-backplane.ts';
import { NatsServer } from '../support/services/nats.ts';

const MODULE = join(import.meta.dirname, '../support/nats-process.ts');
const HISTORY = 16;

let server: NatsServer;
/** Used again from test to test: starting a process takes longer than any of these tests. */
const idle: RemoteBackplane[] = [];
let busy: RemoteBackplane[] = [];
let runs = 0;

beforeAll(async () => {
	server = await NatsServer.start();
});
afterAll(async () => {
	await Promise.all(idle.map((process) => process.kill()));
	await server[Symbol.asyncDispose]();
});

/** Each test has names of its own on the server, and so an empty store. */
const settings = () => ({ url: server.url, events: HISTORY, prefix: `test-${runs}` });

const open = () => {
	const { url, ...options } = settings();
	return nats(url, options);
};

const harness = {
	history: HISTORY,
	create: async () => {
		runs++;
		return open();
	},
	reopen: async () => open(),
	peer: async () => {
		const process = idle.pop() ?? (await RemoteBackplane.fork(MODULE));
		busy.push(process);
		return process.create(settings());
	},
	dispose: async () => {
		await Promise.all(busy.map((process) => process.stop()));
		idle.push(...busy.filter(({ isRunning }) => isRunning));
		busy = [];
	}
};

describe('the contract of a backplane', () => {
	it.each(backplaneContract(harness))('$title', async ({ run }) => {
		await expect(run()).resolves.toBeUndefined();
	});
});

const stored = storeContract({
	create: harness.create,
	join: harness.reopen,
	pass: (ms) => delay(ms),
	dispose: harness.dispose
});

describe('the contract of a shared store', () => {
	it.each(stored)('$title', async ({ run }) => {
		await expect(run()).resolves.toBeUndefined();
	});
});
