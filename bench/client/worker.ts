// The load client's process: takes one scenario after another from its parent and answers with what it measured.

import { call, latency } from '../scenarios/call.ts';
import { idle, storm } from '../scenarios/connections.ts';
import { fanOut } from '../scenarios/fan-out.ts';
import { load } from '../scenarios/load.ts';
import { merge } from '../scenarios/merge.ts';
import { steady } from '../scenarios/steady.ts';
import type { Measured, Run } from '../scenarios/scenario.ts';

const SCENARIOS = { call, latency, fanOut, steady, idle, storm, load, merge };
export type ScenarioKind = keyof typeof SCENARIOS;

export interface Task {
	kind: ScenarioKind;
	run: Run;
	parameters: Record<string, number>;
}

export type TaskAnswer = { measured: Measured } | { failed: string };

process.on('message', (task: Task) => {
	SCENARIOS[task.kind](task.run, task.parameters).then(
		(measured) => process.send?.({ measured } satisfies TaskAnswer),
		(error: unknown) => process.send?.({ failed: String(error) } satisfies TaskAnswer)
	);
});
