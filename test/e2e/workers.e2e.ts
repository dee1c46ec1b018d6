// The board in two workers. Each of them is killed once while two people type: both browsers end up with the same cards,
// and with everything that was acknowledged, without a reload.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
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
/** A worker is killed each time that this many cards were acknowledged. */
const KILL_AT = [8, 24];

let folder: string;
let app: RunningExample;
let browser: Browser;
let ada: BoardPage;
let ben: BoardPage;

beforeAll(async () => {
	folder = mkdtempSync(join(tmpdir(), 'tidewire-workers-'));
	app = await startExample('board', 'workers', {
		BOARD_DB: join(folder, 'board.db'),
		LIVE_DB: join(folder, 'live.db')
	});
	browser = await launchBrowser();
	ada = await BoardPage.open(browser, app.url, { person: 'Ada', board: BOARD });
	ben = await BoardPage.open(browser, app.url, { person: 'Ben', board: BOARD });
});

afterAll(async () => {
	await browser?.close();
	await app?.stop();
	rmSync(folder, { recursive: true, force: true });
});

/** The children of the process that was started, as the kernel lists them. */
function workerPids(): number[] {
	const { pid } = app.process;
	return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);
}

async function killEachOnce(): Promise<void> {
	const acknowledged = (): number => ada.acknowledged().length + ben.acknowledged().length;
	const victims = workerPids();
	for (const [index, count] of KILL_AT.entries()) {
		await expect.poll(acknowledged, { timeout: 30_000, interval: 5 }).toBeGreaterThanOrEqual(count);
		process.kill(victims[index] ?? NaN, 'SIGKILL');
		await expect.poll(app.output).toContain(`worker ${victims[index]} was ended by SIGKILL`);
	}
}

test('what one person does, the other one sees', async () => {
	await expect.poll(workerPids).toHaveLength(2);
	await ada.addCard(0, 'from Ada');
	await ben.card('from Ada').waitFor();
	await ben.addCard(1, 'from Ben');
	await ada.card('from Ben').waitFor();
});

test('workers that are killed while both type lose nothing that they acknowledged', { timeout: 180_000 }, async () => {
	await Promise.all([ada.type(0, CARDS_EACH), ben.type(1, CARDS_EACH), killEachOnce()]);
	await Promise.all([ada.connected(), ben.connected()]);
	await expect.poll(workerPids, { timeout: 20_000 }).toHaveLength(2);

	await ada.addCard(2, 'the last one');
	await ben.card('the last one').waitFor();
	// Calls that waited for the connection may still be on their way.
	const both = async () => [await ada.everything(), await ben.everything()] as const;
	await expect.poll(both, { timeout: 20_000 }).toSatisfy(([one, other]) => isDeepStrictEqual(one, other));
	const shown = await ada.everything();
	const acknowledged = [...ada.acknowledged(), ...ben.acknowledged()];
	expect(acknowledged.length).toBeGreaterThan(KILL_AT[1] ?? 0);
	expect(acknowledged.filter((id) => !idsOf(shown).includes(id))).toEqual([]);

	// What a worker stored and did not come to publish was not acknowledged, and shows with the next load.
	const stored = storedCards(join(folder, 'board.db'), BOARD);
	const hidden = idsOf(stored).filter((id) => !idsOf(shown).includes(id));
	expect(hidden.filter((id) => acknowledged.includes(id))).toEqual([]);
	expect(idsOf(shown).filter((id) => !idsOf(stored).includes(id))).toEqual([]);
	await ben.page.reload();
	await ben.connected();
	expect(await ben.everything()).toEqual(storedCards(join(folder, 'board.db'), BOARD));
	expect([...ada.errors, ...ben.errors]).toEqual([]);
});

test('SIGTERM ends it in order', async () => {
	expect(await app.stop(), app.output()).toBe(0);
});
