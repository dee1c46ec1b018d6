// The server is killed while two people type. Whatever it acknowledged is in the database afterwards, nothing is there
// twice, and both browsers show what the database holds, without a reload.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../support/browser.ts';
import { startExample, type RunningExample } from '../support/example.ts';
import { idsOf, storedCards } from './support/board-database.ts';
import { BoardPage } from './support/board-page.ts';

const BOARD = 'Launch plan';
const CARDS_EACH = 30;
/** The server is killed each time that this many cards were acknowledged. */
const KILL_AT = [8, 24];

let folder: string;
let app: RunningExample;
let browser: Browser;
let env: Record<string, string>;

beforeAll(async () => {
	folder = mkdtempSync(join(tmpdir(), 'tidewire-crash-'));
	env = { BOARD_DB: join(folder, 'board.db'), LIVE_DB: join(folder, 'live.db') };
	app = await startExample('board', 'production', env);
	browser = await launchBrowser();
});

afterAll(async () => {
	await browser?.close();
	await app?.stop();
	rmSync(folder, { recursive: true, force: true });
});

async function killAndRestart(people: BoardPage[]): Promise<void> {
	const acknowledged = (): number => people.reduce((sum, person) => sum + person.acknowledged().length, 0);
	for (const count of KILL_AT) {
		await expect.poll(acknowledged, { timeout: 30_000, interval: 5 }).toBeGreaterThanOrEqual(count);
		await app.kill();
		app = await startExample('board', 'production', { ...env, PORT: new URL(app.url).port });
	}
}

const stored = (): string[][] => storedCards(join(folder, 'board.db'), BOARD);

test('a server that is killed while both type loses nothing that it acknowledged', { timeout: 180_000 }, async () => {
	const ada = await BoardPage.open(browser, app.url, { person: 'Ada', board: BOARD });
	const ben = await BoardPage.open(browser, app.url, { person: 'Ben', board: BOARD });
	await Promise.all([ada.type(0, CARDS_EACH), ben.type(1, CARDS_EACH), killAndRestart([ada, ben])]);
	await Promise.all([ada.connected(), ben.connected()]);

	for (const person of [ada, ben]) {
		// Calls that waited for the connection may still be on their way, so both sides are read anew each time.
		const both = async () => ({ shown: await person.everything(), stored: stored() });
		await expect.poll(both, { timeout: 40_000 }).toSatisfy(({ shown, stored }) => isDeepStrictEqual(shown, stored));
	}

	const ids = idsOf(stored());
	expect(new Set(ids).size).toBe(ids.length);
	const acknowledged = [...ada.acknowledged(), ...ben.acknowledged()];
	expect(acknowledged.length).toBeGreaterThan(KILL_AT[1] ?? 0);
	expect(acknowledged.filter((id) => !ids.includes(id))).toEqual([]);
	expect([...ada.errors, ...ben.errors]).toEqual([]);
});
