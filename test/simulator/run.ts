// Runs histories of consecutive seeds in this process: `node run.ts FIRST COUNT STEPS [SUBJECT] [MODE]`. Prints one line of JSON:
// how many ran and the first that failed.

import { runHistory, type HistoryOptions, type HistoryResult, type Subject } from './history.ts';
import type { Mode } from './world.ts';

export interface RunSummary {
	histories: number;
	events: number;
	failed: HistoryResult | null;
}

export interface RunOptions extends Omit<HistoryOptions, 'seed' | 'log'> {
	first: number;
	count: number;
}

async function runHistories({ first, count, ...options }: RunOptions): Promise<RunSummary> {
	let events = 0;
	for (let index = 0; index < count; index++) {
		const result = await runHistory({ ...options, seed: first + index });
		events += result.committed;
		if (result.violation === null) continue;
		const failed = await runHistory({ ...options, seed: first + index, log: true });
		return { histories: index + 1, events, failed: { ...failed, violation: failed.violation ?? result.violation } };
	}
	return { histories: count, events, failed: null };
}

if (import.meta.main) {
	const [first = '1', count = '1', steps = '200', subject, mode] = process.argv.slice(2);
	const summary = await runHistories({
		first: Number(first),
		count: Number(count),
		steps: Number(steps),
		...(subject === undefined ? {} : { subject: subject as Subject }),
		...(mode === undefined ? {} : { mode: mode as Mode })
	});
	process.stdout.write(`${JSON.stringify(summary)}\n`);
}
