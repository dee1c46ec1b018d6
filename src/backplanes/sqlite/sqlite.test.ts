import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeTopic } from '../../protocol/topic.ts';
import type { Position } from '../../protocol/position.ts';
import type { Backplane } from '../../server/backplane.ts';
import { backplaneContract } from '../../testing/backplane-contract.ts';
import { storeContract } from '../../testing/store-contract.ts';
import { VirtualClock } from '../../testing/virtual-clock.ts';
import { sqlite } from './sqlite.ts';

const topic = encodeTopic('chat');
let folder: string;
let file: string;

beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), 'tidewire-'));
	file = join(folder, 'live.db');
});
afterEach(() => rmSync(folder, { recursive: true }));

const contract = backplaneContract({
	create: async () => sqlite(file, { events: 16 }),
	reopen: async () => sqlite(file, { events: 16 }),
	history: 16,
	dispose: async () => {}
});

describe('the contract of a backplane', () => {
	it.each(contract)('$title', async ({ run }) => {
		await expect(run()).resolves.toBeUndefined();
	});
});

describe('the contract of a shared store', () => {
	const clock = new VirtualClock();
	const stored = storeContract({
		create: async () => sqlite(file, { clock }),
		pass: (ms) => clock.advance(ms),
		dispose: async () => {}
	});

	it.each(stored)('$title', async ({ run }) => {
		await expect(run()).resolves.toBeUndefined();
	});

	it('has what a process before it stored, and forgets what has expired', async () => {
		const before = sqlite(file, { clock });
		await before.start(() => {});
		const version = await before.store.put('kept', 'a', { ttlMs: 10_000 });
		for (let index = 0; index < 1_000; index++) await before.store.put(`short ${index}`, 'a', { ttlMs: 1 });
		await before.stop();
		await clock.advance(5_000);
		const after = sqlite(file, { clock });
		await after.start(() => {});
		expect(await after.store.get('kept')).toEqual({ value: 'a', version });
		for (let index = 0; index < 256; index++) await after.store.count([{ key: 'a', by: 1, ttlMs: 1_000 }]);
		await after.stop();
		const rows = new DatabaseSync(file).prepare('SELECT key FROM tidewire_value').all();
		expect(rows).toEqual([{ key: 'kept' }]);
	});
});

/** Opens the file, runs something, and closes it as a process that ends does. */
async function withHistory<Result>(run: (history: Backplane) => Result): Promise<Awaited<Result>> {
	const history = sqlite(file);
	await history.start(() => {});
	try {
		return await run(history);
	} finally {
		await history.stop();
	}
}

const append = (count: number): Promise<Position> =>
	withHistory(async (history) => {
		let last = await history.head(topic);
		for (let index = 0; index < count; index++) last = await history.append(topic, `"created",${index}`);
		return last;
	});

/** A process that appends one event and ends without closing the file. */
async function crash(): Promise<Position> {
	const history = sqlite(file);
	await history.start(() => {});
	const position = await history.append(topic, '"created",0');
	await history.stop(false);
	return position;
}

it('makes the folder of its file', async () => {
	file = join(folder, 'not', 'there', 'live.db');
	expect((await append(1)).offset).toBe(1);
});

describe('a history that was put back from a backup', () => {
	it('resets a client that saw events which are lost, also when as many came since', async () => {
		await append(3);
		copyFileSync(file, `${file}.backup`);
		const seen = await append(2);
		copyFileSync(`${file}.backup`, file);
		await append(5);
		expect(await withHistory((history) => history.read(topic, seen))).toEqual({ kind: 'reset', reason: 'epoch' });
	});

	it('resumes a client whose events are all still there', async () => {
		const seen = await append(3);
		copyFileSync(file, `${file}.backup`);
		await append(2);
		copyFileSync(`${file}.backup`, file);
		await append(1);
		expect(await withHistory((history) => history.read(topic, seen))).toMatchObject({
			kind: 'events',
			entries: [{ offset: 4 }]
		});
	});
});

describe('a process that ended without closing its history', () => {
	it('leaves positions that nobody resumes from: something stored may not have been published', async () => {
		const seen = await crash();
		expect(await withHistory((next) => next.read(topic, seen))).toEqual({ kind: 'reset', reason: 'epoch' });
	});

	it('does not trouble positions that were given out later', async () => {
		await crash();
		const seen = await append(1);
		await append(1);
		expect(await withHistory((next) => next.read(topic, seen))).toMatchObject({
			kind: 'events',
			entries: [{ offset: 3 }]
		});
	});
});

describe('what is appended in one pass of the event loop', () => {
	it('is stored in one transaction, before any of it is delivered', async () => {
		const delivered: number[] = [];
		const passes: (() => void)[] = [];
		const clock = { wallTime: () => 0, defer: (run: () => void) => passes.push(run) };
		const history = sqlite(file, { clock });
		await history.start(({ offset }) => delivered.push(offset));
		await history.subscribe(topic);
		const appended = Promise.all([history.append(topic, '"a",1'), history.append(topic, '"b",2')]);
		expect([passes.length, delivered.length]).toEqual([1, 0]);
		passes[0]?.();
		expect((await appended).map(({ offset }) => offset)).toEqual([1, 2]);
		expect(delivered).toEqual([1, 2]);
		await history.stop();
	});

	it('is stored by stop, too', async () => {
		const position = await withHistory(async (history) => ({
			before: await history.head(topic),
			appended: history.append(topic, '"a",1')
		}));
		expect(await position.appended).toMatchObject({ offset: 1 });
		expect(await withHistory((next) => next.read(topic, position.before))).toMatchObject({
			entries: [{ offset: 1 }]
		});
	});
});

describe('the sqlite backplane', () => {
	it('refuses a second process on the same file, and says what to do', async () => {
		await withHistory(() => {
			expect(() => sqlite(file).start(() => {})).toThrow(/choose a backplane that joins them/);
		});
	});

	it('delivers nothing and answers UNAVAILABLE once it is closed', async () => {
		const history = sqlite(file);
		await expect(history.append(topic, '"a",1')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
	});
});
