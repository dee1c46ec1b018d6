// Random histories of the real client and the real server: see history.ts for what happens and what must hold.

import { expect, it } from 'vitest';
import { runHistory } from './history.ts';
import { runInPool } from './pool.ts';
import { HISTORIES, report, SEED, STEPS } from './settings.ts';

/** Runs them on all cores. Returns what to look at where one broke a promise. */
async function runAll(): Promise<string | null> {
	const started = performance.now();
	const { histories, events, failed } = await runInPool({ first: 1, count: HISTORIES, steps: STEPS });
	if (failed) return report(failed);
	expect(histories).toBe(HISTORIES);
	// A history in which nothing happens proves nothing.
	expect(events).toBeGreaterThan((HISTORIES * STEPS) / 20);
	const seconds = (performance.now() - started) / 1_000;
	process.stdout.write(`${histories} histories, ${events} events, ${(histories / seconds).toFixed(0)} histories/s\n`);
	return null;
}

async function runOne(seed: number): Promise<string | null> {
	const result = await runHistory({ seed, steps: STEPS, log: true });
	return result.violation === null ? null : report(result);
}

const what = SEED === undefined ? `${HISTORIES} random histories keep` : `the history of seed ${SEED} keeps`;

/** Far more than any number of histories takes, also on a busy machine: what hangs is found by the pool. */
const TIMEOUT_MS = 600_000 + 60 * HISTORIES;

it(`${what} every promise in ${STEPS} steps`, { timeout: TIMEOUT_MS }, async () => {
	const broken = SEED === undefined ? await runAll() : await runOne(SEED);
	expect(broken, broken ?? '').toBeNull();
});

it.each([
	['streams', 'memory'],
	['streams', 'cluster'],
	['streams', 'sqlite'],
	['pages', 'memory'],
	['pages', 'cluster'],
	['people', 'cluster'],
	['people', 'workers']
] as const)('the same seed leads to the same history: %s, %s', async (subject, mode) => {
	const [one, other] = [
		await runHistory({ seed: 42, steps: STEPS, log: true, mode, subject }),
		await runHistory({ seed: 42, steps: STEPS, log: true, mode, subject })
	];
	expect(one.log.length).toBeGreaterThan(STEPS);
	expect(other.log).toEqual(one.log);
});
