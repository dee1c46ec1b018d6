// How much the campaign runs, from the environment: `npm run torture -- HISTORIES BACKPLANE SEED` sets it.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HistoryResult } from './history.ts';
import { BACKPLANES, type BackplaneKind } from './messages.ts';

const number = (name: string, otherwise: number): number => Number(process.env[name] || otherwise);

/** How many histories run on each backplane. */
export const HISTORIES = number('TORTURE_HISTORIES', 17);
/** Whether there is time for everything. */
export const IS_LONG = process.env['TORTURE_LONG'] === '1';
/** The first seed. */
export const SEED = number('TORTURE_SEED', 1);
/** The variables that name the programs of the services. */
const PROGRAMS: Record<BackplaneKind, string> = {
	redis: 'REDIS_SERVER',
	postgres: 'POSTGRES',
	nats: 'NATS_SERVER'
};
/** Whether somebody has looked for the programs; then one that is not named is not there. */
const areNamed = Object.values(PROGRAMS).some((variable) => process.env[variable]);
const chosen = process.env['TORTURE_BACKPLANE'] || 'all';
/** On what they run. */
export const CHOSEN = BACKPLANES.filter(
	(name) => (chosen === 'all' || chosen === name) && (!areNamed || process.env[PROGRAMS[name]])
);

const LOGS = join(import.meta.dirname, '../../tmp/torture');
const SHOWN_LINES = 60;

/** What whoever looks into a failed history needs: what went wrong, the way there, and how to run it again. */
export function report({ seed, backplane, violation, log }: HistoryResult): string {
	mkdirSync(LOGS, { recursive: true });
	const file = join(LOGS, `${backplane}-${seed}.log`);
	writeFileSync(file, `${log.join('\n')}\n`);
	return [
		`seed ${seed} on ${backplane}: ${violation}`,
		`to run it again: npm run torture -- 1 ${backplane} ${seed}`,
		`its history (the last ${SHOWN_LINES} lines of ${file}):`,
		...log.slice(-SHOWN_LINES).map((line) => line.slice(0, 240))
	].join('\n');
}

/** What a run came to. */
export function summary(results: readonly HistoryResult[], seconds: number): string {
	const sum = (of: (result: HistoryResult) => number): number => results.reduce((total, each) => total + of(each), 0);
	const most = (of: (result: HistoryResult) => number): string => Math.max(0, ...results.map(of)).toFixed(0);
	return [
		`${results.length} histories in ${seconds.toFixed(0)} s (${((60 * results.length) / seconds).toFixed(0)} a minute)`,
		`${sum(({ applied }) => applied)} events applied, ${sum(({ resets }) => resets)} resets`,
		`${sum(({ kills }) => kills)} processes killed, missed by all after ${most(({ rosterMs }) => rosterMs)} ms at most`,
		`agreement after ${most(({ agreedMs }) => agreedMs)} ms at most`
	].join('; ');
}
