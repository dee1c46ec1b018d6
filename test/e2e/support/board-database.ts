// What the board example has stored, as its pages would show it.
import { DatabaseSync } from 'node:sqlite';

/** The cards of each column of a board by id and title, from top to bottom. */
export function storedCards(file: string, board: string): string[][] {
	const database = new DatabaseSync(file, { readOnly: true });
	const columns = database
		.prepare(
			`SELECT columns.id FROM columns JOIN boards ON boards.id = board_id WHERE boards.name = ? ORDER BY columns.rank`
		)
		.all(board);
	const cards = database.prepare(
		'SELECT id, title FROM cards WHERE column_id = ? AND deleted_at IS NULL ORDER BY rank'
	);
	// Cards show what stands between two backticks as code, without them.
	const shown = ({ id, title }: Record<string, unknown>): string =>
		`${String(id)} ${String(title).replaceAll(/`([^`]+)`/g, '$1')}`;
	const rows = columns.map(({ id }) => cards.all(id as string).map(shown));
	database.close();
	return rows;
}

/** The ids of such cards. */
export const idsOf = (columns: readonly string[][]): string[] =>
	columns.flat().map((card) => card.slice(0, card.indexOf(' ')));

/** Puts into a board's feed that cards were added, at some time in milliseconds since the Unix epoch. */
export function storeAdditions(file: string, board: string, { count, at }: { count: number; at: number }): void {
	const database = new DatabaseSync(file, { timeout: 5000 });
	const insert = database.prepare(
		`INSERT INTO activity (id, board_id, person_id, person_name, deed, title, detail, at)
		SELECT ?, id, 'mara', 'Mara', 'added', 'A card', 'Ideas', ? FROM boards WHERE name = ?`
	);
	for (let number = 0; number < count; number++) insert.run(`addition-${number}`, at, board);
	database.close();
}
