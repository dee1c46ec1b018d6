import { mkdtempSync, rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { WorkerSettings } from '../../../test/support/cluster-worker.ts';
import { WorkerPool } from '../../../test/support/worker-pool.ts';
import { encodeTopic } from '../../protocol/topic.ts';
import { FaultyCluster, NO_FAULTS } from '../../testing/faulty-cluster.ts';
import { Random } from '../../testing/random.ts';
import { VirtualClock } from '../../testing/virtual-clock.ts';
import { storeContract } from '../../testing/store-contract.ts';
import { backplaneContract, type BackplaneHarness } from '../../testing/backplane-contract.ts';
import { sqlite } from '../sqlite/sqlite.ts';
import { cluster } from './cluster.ts';

const pool = new WorkerPool();
const topic = encodeTopic('chat');
let folder: string;
let files = 0;

beforeAll(() => {
	folder = mkdtempSync(join(tmpdir(), 'tidewire-'));
});
afterAll(async () => {
	await pool[Symbol.asyncDispose]();
	rmSync(folder, { recursive: true });
});

const newFile = (): string => join(folder, `${files++}.db`);

/** Each backplane is in a forked worker; the primary is this process. */
function harness(newSettings: () => Omit<WorkerSettings, 'events'>): BackplaneHarness {
	const history = 16;
	let settings: WorkerSettings;
	return {
		history,
		create: () => {
			settings = { events: history, ...newSettings() };
			pool.begin();
			return pool.worker(settings);
		},
		peer: () => pool.worker(settings),
		dispose: () => pool.end()
	};
}

const inMemory = harness(() => ({}));
const inFile = harness(() => ({ file: newFile() }));

describe('the contract of a backplane, with a history in memory', () => {
	it.each(backplaneContract(inMemory))('$title', async ({ run }) => {
		await expect(run()).resolves.toBeUndefined();
	});
});

const stored = storeContract({
	create: inMemory.create,
	join: async () => (await inMemory.peer!()).backplane,
	pass: (ms) => delay(ms),
	dispose: inMemory.dispose
});

describe('the contract of a shared store', () => {
	it.each(stored)('$title', async ({ run }) => {
		await expect(run()).resolves.toBeUndefined();
	});
});

describe('the contract of a backplane, with a history in a file', () => {
	it.each(backplaneContract(inFile))('$title', async ({ run }) => {
		await expect(run()).resolves.toBeUndefined();
	});
});

describe('a history in a file', () => {
	it('is closed in order when its workers ended in order: clients resume from the next primary', async () => {
		const settings = { events: 16, file: newFile() };
		const append = async (): Promise<{ epoch: string; offset: number }> => {
			pool.begin();
			const worker = await pool.worker(settings);
			await worker.start(() => {});
			const position = await worker.append(topic, '"a",1');
			await pool.end();
			return position;
		};
		const seen = await append();
		await append();
		pool.begin();
		const next = await pool.worker(settings);
		await next.start(() => {});
		expect(await next.read(topic, seen)).toMatchObject({ kind: 'events', entries: [{ offset: 2 }] });
		await pool.end();
	});
});

describe('a worker that is killed', () => {
	/** A position from it, and what it leaves behind. */
	const killOne = async (settings: WorkerSettings) => {
		pool.begin();
		const [victim, other] = await Promise.all([pool.worker(settings), pool.worker(settings)]);
		await Promise.all([victim.start(() => {}), other.start(() => {})]);
		const seen = await victim.append(topic, '"a",1');
		await victim.kill();
		return { seen, other };
	};

	it('leaves positions that clients resume from', async () => {
		const { seen, other } = await killOne({ events: 16 });
		expect(await other.head(topic)).toEqual(seen);
		expect(await other.read(topic, seen)).toEqual({ kind: 'events', epoch: seen.epoch, entries: [] });
		await pool.end();
	});

	it('leaves a history in a file that nobody resumes from when everything is started anew', async () => {
		const settings = { events: 16, file: newFile() };
		const { seen } = await killOne(settings);
		await pool.end();
		pool.begin();
		const next = await pool.worker(settings);
		await next.start(() => {});
		expect(await next.read(topic, seen)).toEqual({ kind: 'reset', reason: 'epoch' });
		await pool.end();
	});

	it.each(['in memory', 'in a file'])('makes everybody load anew where that is asked for, %s', async (place) => {
		const file = place === 'in a file' ? { file: newFile() } : {};
		const { seen, other } = await killOne({ events: 16, afterCrash: 'reload', ...file });
		expect(await other.read(topic, seen)).toEqual({ kind: 'reset', reason: 'epoch' });
		expect((await other.head(topic)).epoch).not.toBe(seen.epoch);
		await pool.end();
	});
});

describe('in a process of its own', () => {
	it('is the history that it was given', () => {
		const log = sqlite(newFile());
		expect(cluster({ log })).toBe(log);
		expect(cluster().name).toBe('memory');
	});

	it('takes no backplane that joins processes by itself', () => {
		const log = new FaultyCluster({ clock: new VirtualClock(), random: new Random(1), faults: NO_FAULTS }).member();
		expect(() => cluster({ log })).toThrow('the primary process cannot keep "faulty cluster" for its workers');
	});
});
