// The digest of each day of each board. A day that is written twice is the same day.
import type { DatabaseSync } from 'node:sqlite';
import type { Digest } from '../model.ts';
import { rowsOf } from './database.ts';

export class Digests {
	readonly #db: DatabaseSync;

	constructor(db: DatabaseSync) {
		this.#db = db;
	}

	write(boardId: string, { day, text }: Digest): void {
		this.#db
			.prepare('INSERT INTO digests VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET text = excluded.text')
			.run(boardId, day, text);
	}

	/** Null where no day of the board had one. */
	latest(boardId: string): Digest | null {
		const statement = this.#db.prepare(
			'SELECT day, text FROM digests WHERE board_id = ? ORDER BY day DESC LIMIT 1'
		);
		return rowsOf<Digest>(statement, boardId)[0] ?? null;
	}
}
