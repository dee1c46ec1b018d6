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
	// Cards show what stands between backticks as code, without them.
	const shown = ({ id, title }: Record<string, unknown>): string =>
		`${String(id)} ${String(title).replaceAll('`', '')}`;
	const rows = columns.map(({ id }) => cards.all(id as string).map(shown));
	database.close();
	return rows;
}

/** The ids of such cards. */
export const idsOf = (columns: readonly string[][]): string[] =>
	columns.flat().map((card) => card.slice(0, card.indexOf(' ')));
