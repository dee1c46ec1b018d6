// Opens the board's SQLite file, brings its tables up to date and runs transactions. Everything is synchronous: what a
// handler wrote is on disk before it publishes or answers.
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { SQLInputValue, StatementSync } from 'node:sqlite';

/** Each entry takes the tables one version further; `user_version` remembers how many have run. Only ever append. */
const MIGRATIONS = [
	`CREATE TABLE users (id TEXT PRIMARY KEY, name TEXT NOT NULL, created_at INTEGER NOT NULL) STRICT;
	CREATE TABLE sessions (
		token_hash TEXT PRIMARY KEY,
		user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
		expires_at INTEGER NOT NULL
	) STRICT, WITHOUT ROWID;
	CREATE TABLE boards (
		id TEXT PRIMARY KEY,
		name TEXT NOT NULL,
		open INTEGER NOT NULL,
		owner_id TEXT REFERENCES users (id),
		created_at INTEGER NOT NULL
	) STRICT;
	CREATE TABLE columns (
		id TEXT PRIMARY KEY,
		board_id TEXT NOT NULL REFERENCES boards (id) ON DELETE CASCADE,
		name TEXT NOT NULL,
		rank TEXT NOT NULL
	) STRICT;
	CREATE INDEX columns_of_board ON columns (board_id, rank);
	CREATE TABLE cards (
		id TEXT PRIMARY KEY,
		board_id TEXT NOT NULL REFERENCES boards (id) ON DELETE CASCADE,
		column_id TEXT NOT NULL REFERENCES columns (id) ON DELETE CASCADE,
		title TEXT NOT NULL,
		rank TEXT NOT NULL,
		ref TEXT,
		date TEXT,
		changed_by TEXT,
		changed_at INTEGER NOT NULL,
		deleted_at INTEGER
	) STRICT;
	CREATE INDEX cards_of_column ON cards (column_id, rank);
	CREATE INDEX cards_of_board ON cards (board_id) WHERE deleted_at IS NULL;
	CREATE TABLE messages (
		seq INTEGER PRIMARY KEY,
		id TEXT NOT NULL UNIQUE,
		board_id TEXT NOT NULL REFERENCES boards (id) ON DELETE CASCADE,
		author_id TEXT NOT NULL,
		author_name TEXT NOT NULL,
		text TEXT NOT NULL,
		at INTEGER NOT NULL
	) STRICT;
	CREATE INDEX messages_of_board ON messages (board_id, seq);`,
	`CREATE TABLE activity (
		seq INTEGER PRIMARY KEY,
		id TEXT NOT NULL UNIQUE,
		board_id TEXT NOT NULL REFERENCES boards (id) ON DELETE CASCADE,
		person_id TEXT NOT NULL,
		person_name TEXT NOT NULL,
		deed TEXT NOT NULL,
		title TEXT NOT NULL,
		detail TEXT,
		card_id TEXT,
		column_id TEXT,
		at INTEGER NOT NULL
	) STRICT;
	CREATE INDEX activity_of_board ON activity (board_id, at);
	CREATE INDEX messages_by_time ON messages (board_id, at);
	CREATE TABLE digests (
		board_id TEXT NOT NULL REFERENCES boards (id) ON DELETE CASCADE,
		day TEXT NOT NULL,
		text TEXT NOT NULL,
		PRIMARY KEY (board_id, day)
	) STRICT, WITHOUT ROWID;`,
	`CREATE TABLE attachments (
		seq INTEGER PRIMARY KEY,
		id TEXT NOT NULL UNIQUE,
		board_id TEXT NOT NULL REFERENCES boards (id) ON DELETE CASCADE,
		card_id TEXT NOT NULL REFERENCES cards (id) ON DELETE CASCADE,
		name TEXT NOT NULL,
		type TEXT NOT NULL,
		size INTEGER NOT NULL,
		person_id TEXT NOT NULL,
		person_name TEXT NOT NULL,
		at INTEGER NOT NULL
	) STRICT;
	CREATE INDEX attachments_of_board ON attachments (board_id, seq);
	CREATE INDEX attachments_of_card ON attachments (card_id);`
];

/** @param file `:memory:` for one that nobody else sees and that ends with the process. */
export function openDatabase(file: string): DatabaseSync {
	if (file !== ':memory:') mkdirSync(dirname(file), { recursive: true });
	const db = new DatabaseSync(file, { timeout: 5000 });
	db.exec('PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON');
	// Two processes may start at once: the lock makes the second wait and then find nothing left to do.
	inTransaction(db, () => migrate(db));
	return db;
}

function migrate(db: DatabaseSync): void {
	const done = Number(db.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0);
	for (const migration of MIGRATIONS.slice(done)) db.exec(migration);
	db.exec(`PRAGMA user_version = ${MIGRATIONS.length}`);
}

/** Runs `work` whole or not at all. Within another transaction it is a part of that one. */
export function inTransaction<Result>(db: DatabaseSync, work: () => Result): Result {
	if (db.isTransaction) return work();
	db.exec('BEGIN IMMEDIATE');
	try {
		const result = work();
		db.exec('COMMIT');
		return result;
	} catch (error) {
		db.exec('ROLLBACK');
		throw error;
	}
}

/** The rows that a statement selects, as plain objects: node:sqlite gives them no prototype. */
export function rowsOf<Row>(statement: StatementSync, ...parameters: SQLInputValue[]): Row[] {
	return statement.all(...parameters).map((row) => ({ ...row }) as Row);
}
