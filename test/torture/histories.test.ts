// Random histories of real processes, on a real service of each kind: see history.ts for what happens and what must hold.

import { expect, it } from 'vitest';
import { runAll } from './pool.ts';
import { CHOSEN, HISTORIES, report, SEED, summary } from './settings.ts';

/** Far more than they take, also on a busy machine: what hangs is found by the pool. */
const TIMEOUT_MS = 120_000 + 20_000 * HISTORIES;

it.each(CHOSEN)(
	`${HISTORIES} random histories on %s keep every promise`,
	{ timeout: TIMEOUT_MS },
	async (backplane) => {
		const began = performance.now();
		const tasks = Array.from({ length: HISTORIES }, (_, index) => ({
			seed: SEED + index,
			backplane,
			defect: null
		}));
		const results = await runAll(tasks, { goOn: () => true });
		process.stdout.write(`${backplane}: ${summary(results, (performance.now() - began) / 1_000)}\n`);
		const broken = results.filter(({ violation }) => violation !== null).map(report);
		expect(broken, broken.join('\n\n')).toEqual([]);
		expect(results).toHaveLength(HISTORIES);
		// A history in which nothing happens proves nothing.
		expect(results.reduce((sum, { applied }) => sum + applied, 0)).toBeGreaterThan(40 * HISTORIES);
	}
);
