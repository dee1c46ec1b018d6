import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Card } from '../model.ts';
import { newId } from '../model.ts';
import type { NewActivity } from './activities.ts';
import { openDatabase } from './database.ts';
import { SESSION_MS } from './people.ts';
import { openStore } from './store.ts';
import type { Store } from './store.ts';

const NOW = 1_800_000_000_000;
let store: Store;
let boardId: string;

beforeEach(() => {
	store = openStore(':memory:');
	boardId = store.boards.create({ name: 'Test', open: true, ownerId: null }, ['One', 'Two'], NOW);
});

const change = () => ({ boardId, by: 'me', now: NOW });
const columnId = (index: number): string => store.boards.columns(boardId)[index]!.id;
const titles = (index: number): string[] =>
	store.cards
		.ofBoard(boardId)
		.filter((card) => card.columnId === columnId(index))
		.map((card) => card.title);

function add(title: string, afterId: string | null = null): Card {
	return store.cards.add(change(), { id: `card-${title}`, title, columnId: columnId(0), afterId })!;
}

describe('cards', () => {
	test('a card is added at the top or behind another', () => {
		const first = add('first');
		add('top');
		add('behind', first.id);
		expect(titles(0)).toEqual(['top', 'first', 'behind']);
	});

	test('a move changes the row of the moved card and no other', () => {
		const cards = ['d', 'c', 'b', 'a'].map((title) => add(title));
		const before = new Map(store.cards.ofBoard(boardId).map((card) => [card.id, card.rank]));
		store.cards.move(
			{ ...change(), now: NOW + 1 },
			{ id: cards[3]!.id, columnId: columnId(0), afterId: cards[1]!.id }
		);
		expect(titles(0)).toEqual(['b', 'c', 'a', 'd']);
		const changed = store.cards.ofBoard(boardId).filter((card) => before.get(card.id) !== card.rank);
		expect(changed.map((card) => card.title)).toEqual(['a']);
	});

	test('a card moves to another column', () => {
		const card = add('a');
		expect(store.cards.move(change(), { id: card.id, columnId: columnId(1), afterId: null })?.columnId).toBe(
			columnId(1)
		);
		expect([titles(0), titles(1)]).toEqual([[], ['a']]);
	});

	test('a move behind a card that left the column goes to the top', () => {
		const [b, a] = [add('b'), add('a')];
		store.cards.move(change(), { id: a.id, columnId: columnId(1), afterId: null });
		add('top');
		store.cards.move(change(), { id: b.id, columnId: columnId(0), afterId: a.id });
		expect(titles(0)).toEqual(['b', 'top']);
	});

	test('a thousand moves to one place leave ranks that are all different', () => {
		const cards = ['e', 'd', 'c', 'b', 'a'].map((title) => add(title));
		for (let step = 0; step < 1000; step++) {
			const id = cards[step % 4]!.id;
			store.cards.move(change(), { id, columnId: columnId(0), afterId: cards[4]!.id });
		}
		expect(new Set(store.cards.ofBoard(boardId).map((card) => card.rank)).size).toBe(5);
	});

	test('a deleted card comes back where it was, also when others were added meanwhile', () => {
		const card = ['c', 'b', 'a'].map((title) => add(title))[1]!;
		store.cards.delete(change(), card.id);
		expect(titles(0)).toEqual(['a', 'c']);
		add('new', 'card-a');
		store.cards.restore(change(), card.id);
		expect(titles(0)).toEqual(['a', 'new', 'b', 'c']);
	});

	test('what is not on the board is not touched', () => {
		const card = add('a');
		const other = { ...change(), boardId: 'another' };
		expect(store.cards.rename(other, { id: card.id, title: 'x' })).toBeUndefined();
		expect(store.cards.delete(other, card.id)).toBeUndefined();
		expect(store.cards.move(change(), { id: card.id, columnId: 'nowhere', afterId: null })).toBeUndefined();
		expect(
			store.cards.add(change(), { id: card.id, title: 'again', columnId: columnId(0), afterId: null })
		).toBeUndefined();
		expect(titles(0)).toEqual(['a']);
	});
});

describe('boards', () => {
	test('an empty database starts with a small board and one of 2,000 cards', () => {
		const open = openStore(':memory:').boards.open();
		const sizes = open.map((board) => [board.name, board.columns.reduce((sum, column) => sum + column.cards, 0)]);
		expect(sizes).toEqual([
			['Launch plan', 24],
			['Release history', 2000]
		]);
	});

	test('a private board is its owner’s alone', () => {
		const owner = store.people.signIn('Ada', NOW).person;
		const id = store.boards.create({ name: 'Mine', open: false, ownerId: owner.id }, ['One'], NOW);
		expect(store.boards.isAllowed(id, owner.id)).toBe(true);
		expect(store.boards.isAllowed(id, 'somebody')).toBe(false);
		expect(store.boards.open().some((board) => board.id === id)).toBe(false);
		expect(store.boards.privateOf(owner.id).map((board) => board.name)).toEqual(['Mine']);
	});

	test('a column is added at the end and renamed', () => {
		store.boards.addColumn(boardId, { id: 'third-column', name: 'Three' });
		store.boards.renameColumn(boardId, { id: columnId(0), name: 'Uno' });
		expect(store.boards.columns(boardId).map((column) => column.name)).toEqual(['Uno', 'Two', 'Three']);
		expect(store.boards.renameColumn('another', { id: columnId(0), name: 'x' })).toBeUndefined();
	});
});

describe('people', () => {
	test('a token leads to its person until it expires or is signed out', () => {
		const { token, person } = store.people.signIn('Ada', NOW);
		expect(store.people.signedIn(token, NOW)?.person).toEqual(person);
		expect(store.people.signedIn(token, NOW + SESSION_MS)).toBeUndefined();
		expect(store.people.signedIn(`${token}x`, NOW)).toBeUndefined();
		store.people.signOut(token);
		expect(store.people.signedIn(token, NOW)).toBeUndefined();
	});
});

describe('messages', () => {
	test('pages of the history follow each other without a gap', () => {
		const author = { id: 'me', name: 'Me' };
		for (let index = 0; index < 12; index++) {
			store.messages.add(boardId, author, { id: `message-${index}`, text: `${index}`, at: NOW });
		}
		const last = store.messages.latest(boardId, 5);
		const older = store.messages.page(boardId, last[0]!.seq, 5);
		const oldest = store.messages.page(boardId, older[0]!.seq, 5);
		expect([...oldest, ...older, ...last].map((message) => Number(message.text))).toEqual([...Array(12).keys()]);
	});

	test('a message that was sent twice is stored once', () => {
		const message = { id: 'message-one', text: 'hi', at: NOW };
		expect(store.messages.add(boardId, { id: 'me', name: 'Me' }, message)).toBeDefined();
		expect(store.messages.add(boardId, { id: 'me', name: 'Me' }, message)).toBeUndefined();
	});
});

describe('activities', () => {
	const DAY = { from: NOW, to: NOW + 1000 };
	const mara = { id: 'mara', name: 'Mara' };

	function tell(told: Partial<NewActivity>): void {
		const nothing = { deed: 'added', title: 'x', detail: null, cardId: null, columnId: null, at: NOW } as const;
		store.activities.add(boardId, { ...nothing, id: newId(), person: mara, ...told });
	}

	test('the feed has the last deeds, oldest first', () => {
		for (const title of ['a', 'b', 'c']) tell({ title });
		expect(store.activities.latest(boardId, 2).map(({ title }) => title)).toEqual(['b', 'c']);
		expect(store.activities.latest(boardId, 1)[0]?.person).toEqual(mara);
	});

	test('only what happened within the time counts, and a card that came to the last column twice is done once', () => {
		tell({ at: NOW - 1 });
		tell({ at: NOW + 1000 });
		tell({});
		tell({ deed: 'moved', cardId: 'one', columnId: columnId(1) });
		tell({ deed: 'moved', cardId: 'one', columnId: columnId(0) });
		tell({ deed: 'moved', cardId: 'one', columnId: columnId(1) });
		store.messages.add(boardId, mara, { id: 'hello', text: 'hi', at: NOW });
		expect(store.activities.tally(boardId, DAY)).toEqual({ added: 1, moved: 3, done: 1, messages: 1 });
		expect(store.activities.tally('another', DAY)).toEqual({ added: 0, moved: 0, done: 0, messages: 0 });
	});

	test('who did most comes first, and a message is a deed', () => {
		const idris = { id: 'idris', name: 'Idris' };
		tell({});
		tell({ person: idris });
		tell({ person: idris, at: NOW + 1000 });
		store.messages.add(boardId, idris, { id: 'hello', text: 'hi', at: NOW });
		expect(store.activities.mostActive(boardId, DAY, 3)).toEqual([
			{ ...idris, deeds: 2 },
			{ ...mara, deeds: 1 }
		]);
		expect(store.activities.mostActive(boardId, DAY, 1)).toHaveLength(1);
	});

	test('a board on which nothing happened is not among those of a day', () => {
		expect(store.activities.boardsWithin(DAY)).toEqual([]);
		tell({});
		expect(store.activities.boardsWithin(DAY)).toEqual([boardId]);
	});

	test('a day that is digested twice is there once, and the last day is the latest', () => {
		expect(store.digests.latest(boardId)).toBeNull();
		for (const [day, text] of [
			['2026-02-02', 'x'],
			['2026-02-02', 'y'],
			['2026-01-31', 'z']
		] as const) {
			store.digests.write(boardId, { day, text });
		}
		expect(store.digests.latest(boardId)).toEqual({ day: '2026-02-02', text: 'y' });
	});
});

describe('attachments', () => {
	const by = { id: 'me', name: 'Me' };
	const file = (id: string, cardId: string, size: number) => ({
		...{ id, cardId, size, by, at: NOW },
		...{ name: 'a.txt', type: 'text/plain' }
	});

	test('the files of a board are counted by card, and their bytes together', () => {
		const [one, other] = [add('a').id, add('b').id];
		store.attachments.add(boardId, file('one', one, 10));
		store.attachments.add(boardId, file('two', one, 20));
		store.attachments.add(boardId, file('three', other, 30));
		expect(store.attachments.used(boardId, one)).toEqual({ files: 2, bytes: 60 });
		expect(store.attachments.used('another', one)).toEqual({ files: 0, bytes: 0 });
		expect(store.attachments.ofBoard(boardId).map(({ id }) => id)).toEqual(['one', 'two', 'three']);
	});

	test('a file is found and deleted on its own board alone', () => {
		store.attachments.add(boardId, file('one', add('a').id, 10));
		expect(store.attachments.find('another', 'one')).toBeUndefined();
		expect(store.attachments.delete('another', 'one')).toBeUndefined();
		expect(store.attachments.find(boardId, 'one')).toEqual(file('one', 'card-a', 10));
		expect(store.attachments.delete(boardId, 'one')?.name).toBe('a.txt');
		expect(store.attachments.delete(boardId, 'one')).toBeUndefined();
	});
});

test('what fails within a transaction leaves nothing behind', () => {
	const fail = () =>
		store.transaction(() => {
			add('a');
			throw new Error('no');
		});
	expect(fail).toThrow('no');
	expect(titles(0)).toEqual([]);
});

test('a database file is opened again with what it held', () => {
	const folder = mkdtempSync(join(tmpdir(), 'board-'));
	const file = join(folder, 'deep', 'board.db');
	const first = openDatabase(file);
	first.prepare('INSERT INTO users VALUES (?, ?, ?)').run('u', 'Ada', NOW);
	first.close();
	const second = openDatabase(file);
	expect(second.prepare('SELECT name FROM users').get()?.['name']).toBe('Ada');
	second.close();
	rmSync(folder, { recursive: true });
});
