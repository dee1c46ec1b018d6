// What clients may send. Titles and names are trimmed, bounded and never empty.
import * as v from 'valibot';
import { LIMITS } from './model.ts';

const text = (what: string, most: number) =>
	v.pipe(
		v.string(),
		v.trim(),
		v.nonEmpty(`Please enter ${what}.`),
		v.maxLength(most, `That is longer than ${most} characters.`)
	);

export const id = v.pipe(v.string(), v.regex(/^[\w-]{4,40}$/, 'That is no id.'));
export const personName = text('your name', LIMITS.personName);
export const boardName = text('a name for the board', LIMITS.boardName);
export const columnName = text('a name for the column', LIMITS.columnName);
export const cardTitle = text('what the card says', LIMITS.cardTitle);
export const messageText = text('a message', LIMITS.message);

/** Where a card goes: behind another card, or to the top of the column. */
export const place = { columnId: id, afterId: v.nullable(id) };

/** The first complaint about an input, in words for whoever wrote it. */
export function complaint(result: v.SafeParseResult<v.GenericSchema>): string {
	return result.issues?.[0].message ?? '';
}
