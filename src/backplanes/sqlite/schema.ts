// The tables of the history, and the statements on them. One incarnation per opening of the file: a position names the
// incarnation that it was given out in, so that a file that was put back from a backup is found out, and so is a process
// that ended without closing the file: the application may have stored what it did not come to publish.

import type { DatabaseSync, StatementSync } from 'node:sqlite';

const SCHEMA = `
	CREATE TABLE IF NOT EXISTS tidewire_incarnation (
		number INTEGER PRIMARY KEY AUTOINCREMENT,
		name TEXT NOT NULL UNIQUE,
		clean INTEGER NOT NULL DEFAULT 0
	) STRICT;
	CREATE TABLE IF NOT EXISTS tidewire_topic (
		id INTEGER PRIMARY KEY,
		name TEXT NOT NULL UNIQUE,
		head INTEGER NOT NULL
	) STRICT;
	CREATE TABLE IF NOT EXISTS tidewire_event (
		topic INTEGER NOT NULL REFERENCES tidewire_topic (id),
		"offset" INTEGER NOT NULL,
		incarnation INTEGER NOT NULL,
		at INTEGER NOT NULL,
		body TEXT NOT NULL,
		PRIMARY KEY (topic, "offset")
	) STRICT, WITHOUT ROWID;
`;

/** A row of `tidewire_event` as `read` gives it. */
export interface EventRow {
	offset: number;
	body: string;
}

export interface TopicRow {
	id: number;
	head: number;
}

export interface IncarnationRow {
	number: number;
	crashes: number;
}

export interface Statements {
	addIncarnation: StatementSync;
	/** By name: its number, and how many since then ended without closing the file. */
	incarnation: StatementSync;
	setClean: StatementSync;
	topic: StatementSync;
	addTopic: StatementSync;
	setHead: StatementSync;
	addEvent: StatementSync;
	eventsAfter: StatementSync;
	/** The incarnation of one event. */
	incarnationAt: StatementSync;
	trim: StatementSync;
	begin: StatementSync;
	commit: StatementSync;
	rollback: StatementSync;
}

/** Makes the tables where they are missing, and prepares what is used often. */
export function prepare(database: DatabaseSync): Statements {
	database.exec(SCHEMA);
	const sql = (text: string): StatementSync => database.prepare(text);
	return {
		addIncarnation: sql('INSERT INTO tidewire_incarnation (name) VALUES (?)'),
		incarnation: sql(`
			SELECT number, (
				SELECT count(*) FROM tidewire_incarnation AS later
				WHERE later.number >= known.number AND later.number < ? AND later.clean = 0
			) AS crashes
			FROM tidewire_incarnation AS known WHERE name = ?
		`),
		setClean: sql('UPDATE tidewire_incarnation SET clean = 1 WHERE number = ?'),
		topic: sql('SELECT id, head FROM tidewire_topic WHERE name = ?'),
		addTopic: sql('INSERT INTO tidewire_topic (name, head) VALUES (?, 0) RETURNING id, head'),
		setHead: sql('UPDATE tidewire_topic SET head = ? WHERE id = ?'),
		addEvent: sql('INSERT INTO tidewire_event (topic, "offset", incarnation, at, body) VALUES (?, ?, ?, ?, ?)'),
		eventsAfter: sql(
			'SELECT "offset", body FROM tidewire_event WHERE topic = ? AND "offset" > ? ORDER BY "offset"'
		),
		incarnationAt: sql('SELECT incarnation FROM tidewire_event WHERE topic = ? AND "offset" = ?'),
		trim: sql('DELETE FROM tidewire_event WHERE topic = ? AND "offset" <= ?'),
		begin: sql('BEGIN IMMEDIATE'),
		commit: sql('COMMIT'),
		rollback: sql('ROLLBACK')
	};
}
