// The one open database of this process, with what reads and writes it.
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Activities } from './activities.ts';
import { Attachments } from './attachments.ts';
import { Boards } from './boards.ts';
import { Cards } from './cards.ts';
import { inTransaction, openDatabase } from './database.ts';
import { Digests } from './digests.ts';
import { Messages } from './messages.ts';
import { People } from './people.ts';
import { seed } from './seed.ts';

export interface Store {
	people: People;
	boards: Boards;
	cards: Cards;
	messages: Messages;
	attachments: Attachments;
	activities: Activities;
	digests: Digests;
	/** Runs several of them whole or not at all. */
	transaction: <Result>(work: () => Result) => Result;
}

/** Where the boards are kept. */
const boardFile = (): string => process.env['BOARD_DB'] || join('data', 'board.db');

/** Where attached files are kept; processes that share a database share this folder. */
export const filesFolder = (): string =>
	process.env['BOARD_FILES'] ||
	(boardFile() === ':memory:' ? join(tmpdir(), 'board-files') : join(boardFile(), '..', 'files'));

/** Where tidewire keeps the history of its topics. */
export const liveFile = (): string =>
	process.env['LIVE_DB'] || (boardFile() === ':memory:' ? ':memory:' : join(boardFile(), '..', 'live.db'));

let opened: Store | undefined;

/** Opens the database at its first use, not at import: the build imports every module too. */
export function store(): Store {
	opened ??= openStore(boardFile());
	return opened;
}

export function openStore(file: string): Store {
	const db = openDatabase(file);
	seed(db, Date.now());
	return {
		people: new People(db),
		boards: new Boards(db),
		cards: new Cards(db),
		messages: new Messages(db),
		attachments: new Attachments(db),
		activities: new Activities(db),
		digests: new Digests(db),
		transaction: (work) => inTransaction(db, work)
	};
}
