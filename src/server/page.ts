// Lists that go on: what a load returns of a list that is too long for one snapshot.
// Invariant: a cursor is the application's own; clients keep its text and give it back.

import { LiveError } from '../base/errors.ts';
import { decodeValue, encodeValue } from '../protocol/value.ts';

const CURSOR = Symbol.for('tidewire.cursor');

/**
 * Returned by the load of a stream: rows, and where the list goes on behind them. The value of the stream is the list.
 * @param cursor what `ctx.cursor` is when the rows that follow are loaded: anything that can travel. Null where none follow
 */
export function page<Row>(rows: readonly Row[], cursor: unknown): Row[] {
	return Object.defineProperty([...rows], CURSOR, { value: cursor });
}

/** Where a loaded value goes on, as the text that clients give back: null at its end, undefined where it is no page. */
export function cursorTextOf(value: unknown): string | null | undefined {
	if (!Array.isArray(value) || !(CURSOR in value)) return undefined;
	const cursor: unknown = value[CURSOR];
	return cursor === null || cursor === undefined ? null : encodeValue(cursor);
}

/** Rows that were made of those of a value, which may be a page. */
export function pagedAs(value: unknown, rows: unknown): unknown {
	return Array.isArray(value) && CURSOR in value && Array.isArray(rows) ? page(rows, value[CURSOR]) : rows;
}

/** @throws {LiveError} BAD_REQUEST */
export function readCursor(text: string, maxDepth: number): unknown {
	let message: unknown[];
	try {
		message = JSON.parse(`[${text}]`) as unknown[];
	} catch (cause) {
		throw new LiveError('BAD_REQUEST', 'the cursor is none that a server gave', { cause });
	}
	return decodeValue(message, 0, maxDepth);
}
