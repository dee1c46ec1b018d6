// What becomes of lines by chance, and without anybody being told.

import type { Random } from '../../../src/testing/random.ts';
import { ROOMS, type Database } from '../database.ts';
import type { LineChange } from './lines.ts';

/** Lines of each room from the beginning. */
const FIRST_LINES = 8;

export function someChange(random: Random): LineChange {
	return {
		room: random.pick(ROOMS),
		kind: random.pick(['add', 'add', 'edit', 'edit', 'erase']),
		place: random.below(12),
		text: 'x'.repeat(random.pick([3, 3, 200]))
	};
}

/** Stores what is not published. */
export function changeSilently(database: Database, change: LineChange): void {
	database.lines.get(change.room)?.change(change, () => database.nextVersion());
}

/** What is there before anybody reads. */
export function fillLines(database: Database): void {
	for (const room of ROOMS)
		for (let index = 0; index < FIRST_LINES; index++)
			changeSilently(database, { room, kind: 'add', place: 0, text: 'silent' });
}
