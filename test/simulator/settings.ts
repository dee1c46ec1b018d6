// How much the simulator runs, from the environment: `npm run simulate -- HISTORIES [SEED]` sets it.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HistoryResult } from './history.ts';

const number = (name: string, otherwise: number): number => Number(process.env[name] || otherwise);

/** How many random histories run. */
export const HISTORIES = number('SIMULATOR_HISTORIES', 10_000);
/** The one history to run again; undefined for all. */
export const SEED = process.env['SIMULATOR_SEED'] ? number('SIMULATOR_SEED', 1) : undefined;
/** Steps of each history. */
export const STEPS = number('SIMULATOR_STEPS', 200);

const LOGS = join(import.meta.dirname, '../../tmp/simulator');
const SHOWN_LINES = 60;

/** What whoever looks into a failed history needs: what went wrong, the way there, and how to run it again. */
export function report(failed: HistoryResult): string {
	mkdirSync(LOGS, { recursive: true });
	const file = join(LOGS, `seed-${failed.seed}.log`);
	writeFileSync(file, `${failed.log.join('\n')}\n`);
	return [
		`seed ${failed.seed} (${failed.mode}): ${failed.violation}`,
		`to run it again: npm run simulate -- 1 ${failed.seed}`,
		`its history (the last ${SHOWN_LINES} lines of ${file}):`,
		...failed.log.slice(-SHOWN_LINES).map((line) => line.slice(0, 240))
	].join('\n');
}
