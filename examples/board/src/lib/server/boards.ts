// Boards and their columns, and who may see them.
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { ImportedCard } from '../csv.ts';
import type { BoardSummary, Column, ColumnSummary } from '../model.ts';
import { newId } from '../model.ts';
import { firstRanks, rankBetween } from '../rank.ts';
import { inTransaction, rowsOf } from './database.ts';

interface BoardRow {
	id: string;
	name: string;
	open: number;
	ownerId: string | null;
	createdAt: number;
}

interface ColumnRow extends ColumnSummary {
	boardId: string;
	changedAt: number | null;
}

export interface NewBoard {
	name: string;
	open: boolean;
	ownerId: string | null;
}

const BOARD = 'SELECT id, name, open, owner_id AS ownerId, created_at AS createdAt FROM boards';
const COLUMN_SUMMARY = `SELECT columns.id, columns.board_id AS boardId, columns.name, count(cards.id) AS cards,
	max(cards.changed_at) AS changedAt
	FROM columns LEFT JOIN cards ON cards.column_id = columns.id AND cards.deleted_at IS NULL`;

export class Boards {
	readonly #db: DatabaseSync;
	readonly #isAllowed: StatementSync;
	readonly #columns: StatementSync;

	constructor(db: DatabaseSync) {
		this.#db = db;
		this.#isAllowed = db.prepare('SELECT 1 FROM boards WHERE id = ? AND (open = 1 OR owner_id = ?)');
		this.#columns = db.prepare('SELECT id, name, rank FROM columns WHERE board_id = ? ORDER BY rank');
	}

	/** Whether somebody may read and change a board. False for a board that does not exist. */
	isAllowed(boardId: string, personId: string): boolean {
		return this.#isAllowed.get(boardId, personId) !== undefined;
	}

	/** The boards that are open to everyone, newest first. */
	open(): BoardSummary[] {
		return this.#summaries('open = 1');
	}

	/** The boards that only their owner sees, newest first. */
	privateOf(personId: string): BoardSummary[] {
		return this.#summaries('open = 0 AND owner_id = ?', personId);
	}

	summary(boardId: string): BoardSummary | undefined {
		return this.#summaries('id = ?', boardId)[0];
	}

	columns(boardId: string): Column[] {
		return rowsOf<Column>(this.#columns, boardId);
	}

	/** Returns undefined where the board has no such column. */
	column(boardId: string, id: string): Column | undefined {
		return this.columns(boardId).find((column) => column.id === id);
	}

	/** A board with empty columns. */
	create(board: NewBoard, columnNames: readonly string[], now: number): string {
		return inTransaction(this.#db, () => {
			const id = this.#insert(board, now);
			this.#insertColumns(id, columnNames);
			return id;
		});
	}

	/** A board with the cards of a file, in the file's order. One transaction: all of it or nothing. */
	import(board: NewBoard, cards: readonly ImportedCard[], now: number): string {
		return inTransaction(this.#db, () => {
			const id = this.#insert(board, now);
			const byColumn = Map.groupBy(cards, (card) => card.column);
			const columnIds = this.#insertColumns(id, [...byColumn.keys()]);
			[...byColumn.values()].forEach((members, index) => {
				this.#insertCards({ boardId: id, columnId: columnIds[index] ?? '', now }, members);
			});
			return id;
		});
	}

	addColumn(boardId: string, column: { id: string; name: string }): Column {
		const rank = rankBetween(this.columns(boardId).at(-1)?.rank ?? null, null);
		const insert = this.#db.prepare('INSERT INTO columns (id, board_id, name, rank) VALUES (?, ?, ?, ?)');
		insert.run(column.id, boardId, column.name, rank);
		return { id: column.id, name: column.name, rank };
	}

	/** Returns undefined where the board has no such column. */
	renameColumn(boardId: string, column: { id: string; name: string }): Column | undefined {
		const statement = 'UPDATE columns SET name = ? WHERE id = ? AND board_id = ? RETURNING id, name, rank';
		return rowsOf<Column>(this.#db.prepare(statement), column.name, column.id, boardId)[0];
	}

	#insert(board: NewBoard, now: number): string {
		const id = newId();
		this.#db
			.prepare('INSERT INTO boards (id, name, open, owner_id, created_at) VALUES (?, ?, ?, ?, ?)')
			.run(id, board.name, Number(board.open), board.ownerId, now);
		return id;
	}

	#insertColumns(boardId: string, names: readonly string[]): string[] {
		const insert = this.#db.prepare('INSERT INTO columns (id, board_id, name, rank) VALUES (?, ?, ?, ?)');
		const ranks = firstRanks(names.length);
		return names.map((name, index) => {
			const id = newId();
			insert.run(id, boardId, name, ranks[index] ?? '');
			return id;
		});
	}

	#insertCards(place: { boardId: string; columnId: string; now: number }, cards: readonly ImportedCard[]): void {
		const insert = this.#db.prepare(
			'INSERT INTO cards (id, board_id, column_id, title, rank, ref, date, changed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)'
		);
		const ranks = firstRanks(cards.length);
		cards.forEach(({ title, ref, date }, index) => {
			insert.run(newId(), place.boardId, place.columnId, title, ranks[index] ?? '', ref, date, place.now);
		});
	}

	#summaries(condition: string, ...parameters: string[]): BoardSummary[] {
		const boards = rowsOf<BoardRow>(
			this.#db.prepare(`${BOARD} WHERE ${condition} ORDER BY created_at DESC, id`),
			...parameters
		);
		const columns = this.#db.prepare(
			`${COLUMN_SUMMARY} WHERE columns.board_id = ? GROUP BY columns.id ORDER BY columns.rank`
		);
		return boards.map((board) => summaryOf(board, rowsOf<ColumnRow>(columns, board.id)));
	}
}

function summaryOf(board: BoardRow, columns: ColumnRow[]): BoardSummary {
	return {
		id: board.id,
		name: board.name,
		open: board.open === 1,
		ownerId: board.ownerId,
		columns: columns.map(({ id, name, cards }) => ({ id, name, cards })),
		changedAt: Math.max(board.createdAt, ...columns.map((column) => column.changedAt ?? 0))
	};
}
