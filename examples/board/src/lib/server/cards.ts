// Cards. The server alone decides ranks, from the neighbours in the table, so two cards of a column never share one;
// deleted cards keep their row and rank, so that a deletion can be undone in place.
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Card } from '../model.ts';
import { rankBetween } from '../rank.ts';
import { inTransaction, rowsOf } from './database.ts';

/** Where a card goes: behind another card, or to the top of its column. */
export interface CardPlace {
	columnId: string;
	/** null for the top. A card that is no longer in that column counts as the top too. */
	afterId: string | null;
}

/** Who changes a card of which board, and when. */
export interface Change {
	boardId: string;
	by: string;
	now: number;
}

const CARD = 'id, column_id AS columnId, title, rank, ref, date, changed_by AS "by", changed_at AS changedAt';

export class Cards {
	readonly #db: DatabaseSync;
	readonly #ofBoard: StatementSync;
	readonly #find: StatementSync;
	readonly #rankOf: StatementSync;
	readonly #nextRank: StatementSync;

	constructor(db: DatabaseSync) {
		this.#db = db;
		this.#ofBoard = db.prepare(
			`SELECT ${CARD} FROM cards WHERE board_id = ? AND deleted_at IS NULL ORDER BY column_id, rank`
		);
		this.#find = db.prepare(`SELECT ${CARD} FROM cards WHERE id = ? AND board_id = ? AND deleted_at IS NULL`);
		this.#rankOf = db.prepare('SELECT rank FROM cards WHERE id = ? AND column_id = ?');
		this.#nextRank = db.prepare('SELECT min(rank) AS rank FROM cards WHERE column_id = ? AND rank > ? AND id <> ?');
	}

	ofBoard(boardId: string): Card[] {
		return rowsOf<Card>(this.#ofBoard, boardId);
	}

	/** Returns undefined where the board has no such card, now or any more. */
	find(boardId: string, id: string): Card | undefined {
		return rowsOf<Card>(this.#find, id, boardId)[0];
	}

	/** Returns undefined where the board has no such column or the id is taken. */
	add(change: Change, card: { id: string; title: string } & CardPlace): Card | undefined {
		const statement = this.#db.prepare(
			`INSERT INTO cards (id, board_id, column_id, title, rank, changed_by, changed_at)
			SELECT ?, board_id, id, ?, ?, ?, ? FROM columns WHERE id = ? AND board_id = ?
			ON CONFLICT DO NOTHING RETURNING ${CARD}`
		);
		return inTransaction(this.#db, () => {
			const rank = this.#rankAt(card.id, card);
			return rowsOf<Card>(
				statement,
				card.id,
				card.title,
				rank,
				change.by,
				change.now,
				card.columnId,
				change.boardId
			)[0];
		});
	}

	/** Returns undefined where the board has no such card, now or any more. */
	rename(change: Change, card: { id: string; title: string }): Card | undefined {
		return this.#update('title = ?', [card.title], change, card.id);
	}

	/** Returns undefined where the board has no such card or no such column. */
	move(change: Change, card: { id: string } & CardPlace): Card | undefined {
		const column = this.#db.prepare('SELECT 1 FROM columns WHERE id = ? AND board_id = ?');
		return inTransaction(this.#db, () => {
			if (!column.get(card.columnId, change.boardId)) return undefined;
			const rank = this.#rankAt(card.id, card);
			return this.#update('column_id = ?, rank = ?', [card.columnId, rank], change, card.id);
		});
	}

	/** Returns undefined where the board has no such card any more. */
	delete(change: Change, id: string): Card | undefined {
		return this.#update('deleted_at = ?', [change.now], change, id);
	}

	/** Takes a deletion back. Returns undefined where the card was not deleted. */
	restore(change: Change, id: string): Card | undefined {
		const statement = this.#db.prepare(
			`UPDATE cards SET deleted_at = NULL, changed_by = ?, changed_at = ?
			WHERE id = ? AND board_id = ? AND deleted_at IS NOT NULL RETURNING ${CARD}`
		);
		return rowsOf<Card>(statement, change.by, change.now, id, change.boardId)[0];
	}

	// One call for all updates, with its values in the order of its placeholders.
	// eslint-disable-next-line max-params
	#update(assignments: string, values: (string | number)[], change: Change, id: string): Card | undefined {
		const statement = this.#db.prepare(
			`UPDATE cards SET ${assignments}, changed_by = ?, changed_at = ?
			WHERE id = ? AND board_id = ? AND deleted_at IS NULL RETURNING ${CARD}`
		);
		return rowsOf<Card>(statement, ...values, change.by, change.now, id, change.boardId)[0];
	}

	#rankAt(id: string, place: CardPlace): string {
		const before =
			place.afterId === null
				? undefined
				: rowsOf<{ rank: string }>(this.#rankOf, place.afterId, place.columnId)[0];
		const after = rowsOf<{ rank: string | null }>(this.#nextRank, place.columnId, before?.rank ?? '', id)[0];
		return rankBetween(before?.rank ?? null, after?.rank ?? null);
	}
}
