// What the application stores, outside of tidewire: one SQLite file that all processes of a history share, and the driver.
// It is the truth that every client has to arrive at, and survives whatever becomes of the processes.

import { DatabaseSync } from 'node:sqlite';

export interface Row {
	id: string;
	room: string;
	text: string;
	/** When it was written, in milliseconds since the Unix epoch. */
	atMs: number;
}

/** What somebody may not do any more, and since when. */
export type Denial = 'connect' | 'red' | 'blue';

const SCHEMA = `
	PRAGMA journal_mode = WAL;
	CREATE TABLE IF NOT EXISTS row (id TEXT PRIMARY KEY, room TEXT, text TEXT, atMs REAL) STRICT;
	CREATE TABLE IF NOT EXISTS call (id TEXT PRIMARY KEY, row TEXT, room TEXT, times INTEGER) STRICT;
	CREATE TABLE IF NOT EXISTS denial (user TEXT, what TEXT, atMs REAL, PRIMARY KEY (user, what)) STRICT;
`;

export class Database implements Disposable {
	readonly #database: DatabaseSync;

	constructor(file: string) {
		// No promise is about power failures. A process may be stopped while it writes.
		this.#database = new DatabaseSync(file, { timeout: 10_000 });
		this.#database.exec(`PRAGMA synchronous = OFF; ${SCHEMA}`);
	}

	rows(room: string): Row[] {
		return this.#all<Row>('SELECT id, room, text, atMs FROM row WHERE room = ? ORDER BY id', room);
	}

	row(id: string): Row | undefined {
		return this.#all<Row>('SELECT id, room, text, atMs FROM row WHERE id = ?', id)[0];
	}

	put(call: string, row: Row): void {
		this.#atomically(() => {
			this.#count(call, row.id, row.room);
			this.#run('INSERT OR REPLACE INTO row VALUES (?, ?, ?, ?)', row.id, row.room, row.text, row.atMs);
		});
	}

	remove(call: string, { id, room }: Pick<Row, 'id' | 'room'>): void {
		this.#atomically(() => {
			this.#count(call, id, room);
			this.#run('DELETE FROM row WHERE id = ?', id);
		});
	}

	/** Notes that a call took effect. */
	#count(call: string, row: string, room: string): void {
		this.#run(
			'INSERT INTO call VALUES (?, ?, ?, 1) ON CONFLICT (id) DO UPDATE SET times = times + 1',
			call,
			row,
			room
		);
	}

	/** The row that a call has written or removed; undefined where it took no effect. */
	effect(call: string): { row: string; room: string; times: number } | undefined {
		return this.#all<{ row: string; room: string; times: number }>('SELECT * FROM call WHERE id = ?', call)[0];
	}

	deny(user: string, what: Denial): void {
		this.#run('INSERT OR IGNORE INTO denial VALUES (?, ?, ?)', user, what, Date.now());
	}

	isDenied(user: string, what: string): boolean {
		return this.#all('SELECT 1 FROM denial WHERE user = ? AND what = ?', user, what).length > 0;
	}

	#atomically(run: () => void): void {
		this.#database.exec('BEGIN IMMEDIATE');
		run();
		this.#database.exec('COMMIT');
	}

	#run(sql: string, ...values: (string | number)[]): void {
		this.#database.prepare(sql).run(...values);
	}

	#all<Result>(sql: string, ...values: string[]): Result[] {
		return this.#database.prepare(sql).all(...values) as unknown as Result[];
	}

	[Symbol.dispose](): void {
		this.#database.close();
	}
}
