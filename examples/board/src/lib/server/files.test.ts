import { existsSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Files } from './files.ts';

const ID = 'abcdefghijklmnop-_';
const NOW = 1_800_000_000_000;
let folder: string;
let files: Files;

beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), 'board-files-'));
	files = new Files(folder, NOW);
});
afterEach(() => {
	rmSync(folder, { recursive: true });
});

async function* chunks(...texts: string[]): AsyncGenerator<Uint8Array> {
	for (const text of texts) yield new TextEncoder().encode(text);
}

async function* broken(): AsyncGenerator<Uint8Array> {
	yield* chunks('some');
	throw new Error('gone');
}

test('a file is there once it is kept, and whole', async () => {
	const draft = await files.receive(ID, chunks('one ', 'two'));
	expect(draft.size).toBe(7);
	expect(await files.open(ID)).toBeUndefined();
	draft.keep();
	const file = await files.open(ID);
	expect(file?.size).toBe(7);
	expect(await new Response(file?.stream).text()).toBe('one two');
	expect(readdirSync(folder)).toEqual([ID]);
});

test('a file that ends early, is discarded or deleted leaves nothing', async () => {
	await expect(files.receive(ID, broken())).rejects.toThrow('gone');
	expect(readdirSync(folder)).toEqual([]);
	await (await files.receive(ID, chunks('x'))).discard();
	expect(readdirSync(folder)).toEqual([]);
	(await files.receive(ID, chunks('x'))).keep();
	await files.delete(ID);
	await files.delete(ID);
	expect(readdirSync(folder)).toEqual([]);
});

test('only an id leads to a file', async () => {
	for (const name of ['../board.db', '', 'a/b', `${ID}.part`]) {
		await expect(files.receive(name, chunks('x'))).rejects.toThrow(RangeError);
		await expect(files.open(name)).rejects.toThrow(RangeError);
	}
});

test('what a killed process left is taken away when the folder is opened an hour later, and nothing else', () => {
	const age = (name: string, ms: number) => {
		writeFileSync(join(folder, name), 'x');
		utimesSync(join(folder, name), new Date(NOW - ms), new Date(NOW - ms));
	};
	const [old, fresh] = [`${ID}.part`, `${ID.replace('a', 'b')}.part`];
	age(old, 3_600_001);
	age(fresh, 3_500_000);
	age(ID, 9_000_000);
	age('notes.part', 9_000_000);
	const opened = new Files(folder, NOW);
	expect(opened).toBeInstanceOf(Files);
	expect([old, fresh, ID, 'notes.part'].map((name) => existsSync(join(folder, name)))).toEqual([
		false,
		true,
		true,
		true
	]);
});
