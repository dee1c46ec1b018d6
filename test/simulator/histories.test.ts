// Random histories of the real client and the real server: see history.ts for what happens and what must hold.

import { expect, it } from 'vitest';
import { runHistory } from './history.ts';
import { runInPool } from './pool.ts';
import { HISTORIES, report, SEED, STEPS } from './settings.ts';

it.runIf(SEED === undefined)(`${HISTORIES} random histories of ${STEPS} steps keep every promise`, async () => {
	const started = performance.now();
	const { histories, events, failed } = await runInPool({ first: 1, count: HISTORIES, steps: STEPS });
	expect(failed, failed ? report(failed) : '').toBeNull();
	expect(histories).toBe(HISTORIES);
	// A history in which nothing happens proves nothing.
	expect(events).toBeGreaterThan((HISTORIES * STEPS) / 20);
	const seconds = (performance.now() - started) / 1_000;
	process.stdout.write(`${histories} histories, ${events} events, ${(histories / seconds).toFixed(0)} histories/s\n`);
});

it.runIf(SEED !== undefined)(`the history of seed ${SEED} keeps every promise`, async () => {
	const result = await runHistory({ seed: SEED ?? 1, steps: STEPS, log: true });
	expect(result.violation, result.violation === null ? '' : report(result)).toBeNull();
});

it('the same seed leads to the same history', async () => {
	for (const mode of ['memory', 'cluster', 'sqlite'] as const) {
		const [one, other] = [
			await runHistory({ seed: 42, steps: STEPS, log: true, mode }),
			await runHistory({ seed: 42, steps: STEPS, log: true, mode })
		];
		expect(one.log.length).toBeGreaterThan(STEPS);
		expect(other.log).toEqual(one.log);
	}
});
