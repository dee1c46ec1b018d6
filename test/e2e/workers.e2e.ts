// The board in two workers. Each of them is killed once while two people type: both browsers end up with the same cards,
// and with everything that was acknowledged, without a reload.
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import type { RunningExample } from '../support/example.ts';
import { idsOf, storedCards } from './support/board-database.ts';
import { BOARD, boardTest } from './support/board-test.ts';
import { acknowledgedTo, expectNoErrors, expectToAgree, expectToSeeEachOther } from './support/two-people.ts';

const CARDS_EACH = 30;
/** A worker is killed each time that this many cards were acknowledged. */
const KILL_AT = [8, 24];

const test = boardTest({ mode: 'workers' });

/** The children of the process that was started, as the kernel lists them. */
function workerPids({ process: { pid } }: RunningExample): number[] {
	return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);
}

async function killEachOnce(app: RunningExample, acknowledged: () => string[]): Promise<void> {
	const victims = workerPids(app);
	for (const [index, count] of KILL_AT.entries()) {
		await expect.poll(() => acknowledged().length, { timeout: 30_000, interval: 5 }).toBeGreaterThanOrEqual(count);
		process.kill(victims[index] ?? NaN, 'SIGKILL');
		await expect.poll(app.output).toContain(`worker ${victims[index]} was ended by SIGKILL`);
	}
}

test('what one person does, the other one sees', async ({ server, ada, ben }) => {
	await expect.poll(() => workerPids(server.app)).toHaveLength(2);
	await expectToSeeEachOther({ ada, ben });
});

test(
	'workers that are killed while both type lose nothing that they acknowledged',
	{ timeout: 180_000 },
	async ({ server, ada, ben }) => {
		const acknowledged = (): string[] => acknowledgedTo({ ada, ben });
		await Promise.all([ada.type(0, CARDS_EACH), ben.type(1, CARDS_EACH), killEachOnce(server.app, acknowledged)]);
		await expect.poll(() => workerPids(server.app), { timeout: 20_000 }).toHaveLength(2);

		const shown = idsOf(await expectToAgree({ ada, ben }));
		expect(acknowledged().length).toBeGreaterThan(KILL_AT[1] ?? 0);
		expect(acknowledged().filter((id) => !shown.includes(id))).toEqual([]);

		// What a worker stored and did not come to publish was not acknowledged, and shows with the next load.
		const stored = idsOf(storedCards(server.database, BOARD));
		const hidden = stored.filter((id) => !shown.includes(id));
		expect(hidden.filter((id) => acknowledged().includes(id))).toEqual([]);
		expect(shown.filter((id) => !stored.includes(id))).toEqual([]);
		await ben.page.reload();
		await ben.connected();
		expect(await ben.everything()).toEqual(storedCards(server.database, BOARD));
		expectNoErrors({ ada, ben });
	}
);

test('SIGTERM ends it in order', async ({ server: { app } }) => {
	expect(await app.stop(), app.output()).toBe(0);
});
