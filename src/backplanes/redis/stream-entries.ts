// Events in the entries of a stream: one per line, under the offset of the last one. What is appended together is in few
// entries, because Redis works per entry; whole entries are trimmed, so that none may be large for the sake of another event.

import type { LogEntry } from '../../server/backplane.ts';
import { readBody } from './message.ts';

const MAX_EVENTS = 64;
const MAX_CHARACTERS = 16 * 1024;

/**
 * @param lines one or more events; one of more than an entry's characters has an entry of its own
 * @returns of each entry the number of its events, and these
 */
export function writeEntries(lines: readonly string[]): string[] {
	const entries: string[] = [];
	let begin = 0;
	let characters = 0;
	for (const [index, { length }] of lines.entries()) {
		const isFull = index - begin === MAX_EVENTS || characters + length > MAX_CHARACTERS;
		if (isFull && index > begin) {
			entries.push(String(index - begin), lines.slice(begin, index).join('\n'));
			begin = index;
			characters = 0;
		}
		characters += length;
	}
	entries.push(String(lines.length - begin), lines.slice(begin).join('\n'));
	return entries;
}

/**
 * @param offset behind which its events are asked for
 * @returns null where it does not connect: there is a hole before it, or its events would begin before the first one
 * @throws {SyntaxError} where it has something that is not an event
 */
export function readEntry({ last, text }: { last: number; text: string }, offset: number): LogEntry[] | null {
	const lines = text.split('\n');
	const before = last - lines.length;
	if (before > offset || before < 0) return null;
	return lines.slice(offset - before).map((line, index) => ({ offset: offset + index + 1, body: readBody(line) }));
}
