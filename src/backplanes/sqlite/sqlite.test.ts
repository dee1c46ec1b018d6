import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeTopic } from '../../protocol/topic.ts';
import type { Position } from '../../protocol/position.ts';
import { backplaneContract } from '../../testing/backplane-contract.ts';
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
	for (const { title, run } of contract) it(title, run);
});

/** Opens the file, runs something, and closes it as a process that ends does. */
function withHistory<Result>(run: (history: ReturnType<typeof sqlite>) => Result): Result {
	const history = sqlite(file);
	void history.start(() => {});
	try {
		return run(history);
	} finally {
		void history.stop();
	}
}

const append = (count: number): Position =>
	withHistory((history) => {
		let last = history.head(topic);
		for (let index = 0; index < count; index++) last = history.append(topic, `"created",${index}`);
		return last as Position;
	});

it('makes the folder of its file', () => {
	file = join(folder, 'not', 'there', 'live.db');
	expect(append(1).offset).toBe(1);
});

describe('a history that was put back from a backup', () => {
	it('resets a client that saw events which are lost, also when as many came since', () => {
		append(3);
		copyFileSync(file, `${file}.backup`);
		const seen = append(2);
		copyFileSync(`${file}.backup`, file);
		append(5);
		expect(withHistory((history) => history.read(topic, seen))).toEqual({ kind: 'reset', reason: 'epoch' });
	});

	it('resumes a client whose events are all still there', () => {
		const seen = append(3);
		copyFileSync(file, `${file}.backup`);
		append(2);
		copyFileSync(`${file}.backup`, file);
		append(1);
		expect(withHistory((history) => history.read(topic, seen))).toMatchObject({
			kind: 'events',
			entries: [{ offset: 4 }]
		});
	});
});

describe('a process that ended without closing its history', () => {
	it('leaves positions that nobody resumes from: something stored may not have been published', () => {
		const history = sqlite(file);
		void history.start(() => {});
		const seen = history.append(topic, '"created",1') as Position;
		void history.stop(false);
		expect(withHistory((next) => next.read(topic, seen))).toEqual({ kind: 'reset', reason: 'epoch' });
	});

	it('does not trouble positions that were given out later', () => {
		const history = sqlite(file);
		void history.start(() => {});
		void history.append(topic, '"created",1');
		void history.stop(false);
		const seen = append(1);
		append(1);
		expect(withHistory((next) => next.read(topic, seen))).toMatchObject({
			kind: 'events',
			entries: [{ offset: 3 }]
		});
	});
});

describe('the sqlite backplane', () => {
	it('refuses a second process on the same file, and says what to do', () => {
		withHistory(() => {
			expect(() => sqlite(file).start(() => {})).toThrow(/choose a backplane that joins them/);
		});
	});

	it('delivers nothing and answers UNAVAILABLE once it is closed', () => {
		const history = sqlite(file);
		expect(() => history.append(topic, '"a",1')).toThrow(expect.objectContaining({ code: 'UNAVAILABLE' }));
	});
});
