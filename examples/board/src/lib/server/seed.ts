// What an empty database starts with: a small board to play with and a large one, whose 2,000 cards must feel the same.
import type { DatabaseSync } from 'node:sqlite';
import csv from '../../../data-seed/board-import.csv?raw';
import { parseCards } from '../csv.ts';
import type { ImportedCard } from '../csv.ts';
import type { Deed, Person } from '../model.ts';
import { newId } from '../model.ts';
import { Activities } from './activities.ts';
import { Boards } from './boards.ts';
import { Cards } from './cards.ts';
import { Messages } from './messages.ts';

const LAUNCH_PLAN: Record<string, string[]> = {
	Ideas: [
		'A weekly note that writes itself from what moved',
		'Keyboard shortcuts sheet behind `?`',
		'Let people follow a single card',
		'Print a board on one page, for the wall',
		'Sort a column by date',
		'Cards that link to each other'
	],
	Next: [
		'Write the announcement and have two people read it who were not there',
		'Price page: three plans, one sentence each',
		'Record a ninety-second tour with two cursors in it',
		'Ask five early teams for a quote',
		'Warn the people who answer mail'
	],
	'In progress': [
		'Move the docs to their own address',
		'Load test with three thousand people on one board',
		'Status page that stays up when we do not',
		'Check every screen at 360 pixels'
	],
	Review: ['Colour contrast in the dark theme', 'Import from CSV says which line is wrong'],
	Done: [
		'Choose a name',
		'Sign in with nothing but a name',
		'Live cursors that agree on every screen',
		'Undo for deleted cards',
		'2,000 cards feel like twenty',
		'Say honestly when the connection is gone',
		'Move cards by keyboard alone'
	]
};

const TALK: [string, string][] = [
	['Mara', 'The tour is down to ninety seconds. I cut the part where I look for the mute button.'],
	['Idris', 'Load test ran through the night: three thousand people, nobody waited.'],
	['Mara', 'Then we launch on Tuesday. Pull whatever you can finish by then to Review.'],
	['Idris', 'Moving the docs today. The rest of Ideas can wait.']
];

/** What the feed of the small board begins with: minutes ago, who, what, which card and where to. */
const DEEDS: [number, string, Deed, string, string][] = [
	[61, 'Mara', 'added', 'Warn the people who answer mail', 'Next'],
	[52, 'Idris', 'moved', 'Load test with three thousand people on one board', 'In progress'],
	[37, 'Idris', 'moved', '2,000 cards feel like twenty', 'Done'],
	[26, 'Mara', 'renamed', 'Record a tour', 'Record a ninety-second tour with two cursors in it'],
	[11, 'Idris', 'moved', 'Move the docs to their own address', 'In progress']
];

const MINUTE_MS = 60_000;

/** Fills a database that has no boards. */
export function seed(db: DatabaseSync, now: number): void {
	if (db.prepare('SELECT 1 FROM boards').get()) return;
	const boards = new Boards(db);
	boards.import({ name: 'Release history', open: true, ownerId: null }, parseCards(csv), now - MINUTE_MS);
	const launch = boards.import({ name: 'Launch plan', open: true, ownerId: null }, launchCards(), now);
	const messages = new Messages(db);
	TALK.forEach(([name, text], index) => {
		const at = now - (TALK.length - index) * 7 * MINUTE_MS;
		messages.add(launch, invented(name), { id: newId(), text, at });
	});
	addDeeds(db, launch, now);
}

function addDeeds(db: DatabaseSync, boardId: string, now: number): void {
	const cards = new Map(new Cards(db).ofBoard(boardId).map((card) => [card.title, card]));
	const activities = new Activities(db);
	for (const [minutes, name, deed, title, detail] of DEEDS) {
		const card = cards.get(title);
		const where = { cardId: card?.id ?? null, columnId: card?.columnId ?? null };
		const at = now - minutes * MINUTE_MS;
		activities.add(boardId, { id: newId(), person: invented(name), deed, title, detail, ...where, at });
	}
}

/** Nobody can sign in as them: people get their ids when they do. */
const invented = (name: string): Person => ({ id: name.toLowerCase(), name });

function launchCards(): ImportedCard[] {
	return Object.entries(LAUNCH_PLAN).flatMap(([column, titles]) =>
		titles.map((title) => ({ ref: null, date: null, column, title }))
	);
}
