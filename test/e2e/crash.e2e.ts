// The server is killed while two people type. Whatever it acknowledged is in the database afterwards, nothing is there
// twice, and both browsers show what the database holds, without a reload.
import { isDeepStrictEqual } from 'node:util';
import { expect } from 'vitest';
import { idsOf, storedCards } from './support/board-database.ts';
import type { BoardServer } from './support/board-server.ts';
import { BOARD, boardTest } from './support/board-test.ts';
import { acknowledgedTo, expectNoErrors } from './support/two-people.ts';

const CARDS_EACH = 30;
/** The server is killed each time that this many cards were acknowledged. */
const KILL_AT = [8, 24];

const test = boardTest();

async function crashTwice(server: BoardServer, acknowledged: () => string[]): Promise<void> {
	for (const count of KILL_AT) {
		await expect.poll(() => acknowledged().length, { timeout: 30_000, interval: 5 }).toBeGreaterThanOrEqual(count);
		await server.crash();
	}
}

test(
	'a server that is killed while both type loses nothing that it acknowledged',
	{ timeout: 180_000 },
	async ({ server, ada, ben }) => {
		const acknowledged = (): string[] => acknowledgedTo({ ada, ben });
		await Promise.all([ada.type(0, CARDS_EACH), ben.type(1, CARDS_EACH), crashTwice(server, acknowledged)]);
		await Promise.all([ada.connected(), ben.connected()]);

		const stored = (): string[][] => storedCards(server.database, BOARD);
		for (const person of [ada, ben]) {
			// Calls that waited for the connection may still be on their way, so both sides are read anew each time.
			const both = async () => ({ shown: await person.everything(), stored: stored() });
			await expect
				.poll(both, { timeout: 40_000 })
				.toSatisfy(({ shown, stored }) => isDeepStrictEqual(shown, stored));
		}

		const ids = idsOf(stored());
		expect(new Set(ids).size).toBe(ids.length);
		expect(acknowledged().length).toBeGreaterThan(KILL_AT[1] ?? 0);
		expect(acknowledged().filter((id) => !ids.includes(id))).toEqual([]);
		expectNoErrors({ ada, ben });
	}
);
