// Names that server and client have agreed on for further pages of a stream: an ordinary call of a module of ours.

const MODULE = '%streams';

export const PAGES = {
	module: MODULE,
	/** Call with the path of a stream, its arguments, the text of a cursor, and the version that the client knows, if it says one. */
	more: `${MODULE}/more`
} as const;

/** What it answers: the rows, and the text of the cursor behind them, null where nothing is behind them. */
export type MoreRows = [rows: unknown[], cursor: string | null];
