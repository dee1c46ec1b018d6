// The chat of each board.
import type { DatabaseSync } from 'node:sqlite';
import type { Message, Person } from '../model.ts';
import { rowsOf } from './database.ts';

interface MessageRow {
	id: string;
	seq: number;
	authorId: string;
	authorName: string;
	text: string;
	at: number;
}

const MESSAGE = 'id, seq, author_id AS authorId, author_name AS authorName, text, at';

export class Messages {
	readonly #db: DatabaseSync;

	constructor(db: DatabaseSync) {
		this.#db = db;
	}

	/** The last `limit` messages before a position in the history, oldest first. */
	page(boardId: string, before: number, limit: number): Message[] {
		const statement = this.#db.prepare(
			`SELECT ${MESSAGE} FROM messages WHERE board_id = ? AND seq < ? ORDER BY seq DESC LIMIT ?`
		);
		return rowsOf<MessageRow>(statement, boardId, before, limit).toReversed().map(messageOf);
	}

	/** The last `limit` messages, oldest first. */
	latest(boardId: string, limit: number): Message[] {
		return this.page(boardId, Number.MAX_SAFE_INTEGER, limit);
	}

	/** Returns undefined where the id is taken: the same message was sent before. */
	add(boardId: string, author: Person, message: { id: string; text: string; at: number }): Message | undefined {
		const statement = this.#db.prepare(
			`INSERT INTO messages (id, board_id, author_id, author_name, text, at) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT DO NOTHING RETURNING ${MESSAGE}`
		);
		const row = rowsOf<MessageRow>(
			statement,
			message.id,
			boardId,
			author.id,
			author.name,
			message.text,
			message.at
		)[0];
		return row && messageOf(row);
	}
}

function messageOf({ authorId, authorName, ...row }: MessageRow): Message {
	return { ...row, author: { id: authorId, name: authorName } };
}
