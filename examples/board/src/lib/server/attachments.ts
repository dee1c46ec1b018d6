// What files the cards have. The files themselves are on disk (files.ts). Those of a deleted card stay: it may come back.
import type { DatabaseSync } from 'node:sqlite';
import type { Attachment } from '../model.ts';
import { rowsOf } from './database.ts';

interface AttachmentRow extends Omit<Attachment, 'by'> {
	personId: string;
	personName: string;
}

const ATTACHMENT = 'id, card_id AS cardId, name, type, size, person_id AS personId, person_name AS personName, at';

export class Attachments {
	readonly #db: DatabaseSync;

	constructor(db: DatabaseSync) {
		this.#db = db;
	}

	/** In the order in which they came. */
	ofBoard(boardId: string): Attachment[] {
		const statement = this.#db.prepare(`SELECT ${ATTACHMENT} FROM attachments WHERE board_id = ? ORDER BY seq`);
		return rowsOf<AttachmentRow>(statement, boardId).map(attachmentOf);
	}

	/** Returns undefined where the board has no such file. */
	find(boardId: string, id: string): Attachment | undefined {
		const statement = this.#db.prepare(`SELECT ${ATTACHMENT} FROM attachments WHERE id = ? AND board_id = ?`);
		return rowsOf<AttachmentRow>(statement, id, boardId).map(attachmentOf)[0];
	}

	/** How many files a card has, and how many bytes the whole board. */
	used(boardId: string, cardId: string): { files: number; bytes: number } {
		const statement = this.#db.prepare(
			`SELECT count(*) FILTER (WHERE card_id = ?) AS files, coalesce(sum(size), 0) AS bytes
			FROM attachments WHERE board_id = ?`
		);
		return rowsOf<{ files: number; bytes: number }>(statement, cardId, boardId)[0] ?? { files: 0, bytes: 0 };
	}

	add(boardId: string, { by, ...file }: Attachment): void {
		this.#db
			.prepare(
				`INSERT INTO attachments (id, board_id, card_id, name, type, size, person_id, person_name, at)
				VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`
			)
			.run(file.id, boardId, file.cardId, file.name, file.type, file.size, by.id, by.name, file.at);
	}

	/** Returns undefined where the board has no such file any more. */
	delete(boardId: string, id: string): Attachment | undefined {
		const found = this.find(boardId, id);
		this.#db.prepare('DELETE FROM attachments WHERE id = ? AND board_id = ?').run(id, boardId);
		return found;
	}
}

function attachmentOf({ personId, personName, ...row }: AttachmentRow): Attachment {
	return { ...row, by: { id: personId, name: personName } };
}
