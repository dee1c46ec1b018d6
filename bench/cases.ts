// Every case of the benchmark: a scenario with its parameters.

import type { ScenarioKind } from './client/worker.ts';

export interface Case {
	name: string;
	kind: ScenarioKind;
	parameters: Record<string, number>;
}

export const CASES: Case[] = [
	{ name: 'call', kind: 'call', parameters: { connections: 50, outstanding: 16 } },
	{ name: 'latency', kind: 'latency', parameters: {} },
	{ name: 'fan-out-1000', kind: 'fanOut', parameters: { subscribers: 1000, outstanding: 1 } },
	{ name: 'fan-out-1000x16', kind: 'fanOut', parameters: { subscribers: 1000, outstanding: 16 } },
	{ name: 'fan-out-5000', kind: 'fanOut', parameters: { subscribers: 5000, outstanding: 1 } },
	{ name: 'fan-out-5000x16', kind: 'fanOut', parameters: { subscribers: 5000, outstanding: 16 } },
	{ name: 'many-topics', kind: 'fanOut', parameters: { subscribers: 5000, topics: 500, outstanding: 500 } },
	{
		name: 'topics-per-socket',
		kind: 'fanOut',
		parameters: { subscribers: 1000, topics: 100, topicsEach: 10, outstanding: 100 }
	}
];
