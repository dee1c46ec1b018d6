// Every case of the benchmark: a scenario with its parameters, and how its figures are shown.

import type { ScenarioKind } from './client/worker.ts';

export interface Case {
	name: string;
	title: string;
	kind: ScenarioKind;
	parameters: Record<string, number>;
	/** Servers that take part. @default all */
	only?: readonly string[];
	/** Measured once more in every further round that there is time for. */
	core?: boolean;
	/** Figures besides CPU time and rate. */
	figures?: readonly { name: string; unit: string }[];
	/** Left to `npm run bench:full`. */
	fullOnly?: boolean;
}

const LATENCY = [
	{ name: 'p50', unit: 'µs, p50' },
	{ name: 'p99', unit: 'µs, p99' }
];
const OURS = ['tidewire'];
const OURS_AND_WS = ['tidewire', 'ws'];

const fanOut = (name: string, title: string, parameters: Record<string, number>): Case => ({
	name,
	title,
	kind: 'fanOut',
	parameters
});

export const CASES: Case[] = [
	{
		name: 'call',
		title: 'Echo call, 50 connections × 16 outstanding',
		kind: 'call',
		parameters: { connections: 50, outstanding: 16 },
		core: true
	},
	{
		name: 'latency',
		title: 'Echo call, one at a time',
		kind: 'latency',
		parameters: {},
		core: true,
		figures: LATENCY
	},
	{ ...fanOut('fan-out-1000', '1,000 subscribers, 1 outstanding publish', { subscribers: 1000 }), core: true },
	{
		...fanOut('fan-out-1000x16', '1,000 subscribers, 16 outstanding', { subscribers: 1000, outstanding: 16 }),
		core: true
	},
	fanOut('fan-out-5000', '5,000 subscribers, 1 outstanding publish', { subscribers: 5000 }),
	{
		...fanOut('fan-out-5000x16', '5,000 subscribers, 16 outstanding', { subscribers: 5000, outstanding: 16 }),
		fullOnly: true
	},
	fanOut('many-topics', '5,000 subscribers over 500 topics', { subscribers: 5000, topics: 500, outstanding: 500 }),
	{
		...fanOut('topics-per-socket', '1,000 subscribers, each on 10 of 100 topics', {
			subscribers: 1000,
			topics: 100,
			topicsEach: 10,
			outstanding: 100
		}),
		core: true
	},
	{
		name: 'steady',
		title: '400 publishes/s to 1,000 subscribers',
		kind: 'steady',
		parameters: { subscribers: 1000, perSecond: 400 },
		figures: [
			{ name: 'perSecond', unit: 'publishes/s' },
			{ name: 'p50ms', unit: 'ms, p50' },
			{ name: 'p99ms', unit: 'ms, p99' },
			{ name: 'behind', unit: 'deliveries behind, 5 s after the end' }
		]
	},
	{
		name: 'idle',
		title: '10,000 idle subscribed connections',
		kind: 'idle',
		parameters: { connections: 10_000 },
		figures: [{ name: 'bytesEach', unit: 'bytes each' }]
	},
	{
		name: 'storm',
		title: '1,000 connections drop and come back',
		kind: 'storm',
		parameters: { connections: 1000 },
		figures: [{ name: 'allBackMs', unit: 'ms until all are back' }]
	},
	...[0, 2000].map((bystanders) => ({
		...fanOut(`growth-${bystanders}`, `10 subscribers beside ${bystanders} other connections`, {
			subscribers: 10,
			bystanders
		}),
		core: true,
		only: OURS_AND_WS
	})),
	...[1, 10, 100, 1000, 10_000].map((rows): Case => ({
		name: `load-${rows}`,
		title: `First load of ${rows} rows`,
		kind: 'load',
		parameters: { rows },
		only: OURS_AND_WS,
		figures: LATENCY
	})),
	...[10, 100, 1000, 10_000].flatMap((rows) =>
		[1, 16].map((burst): Case => ({
			name: `merge-${rows}x${burst}`,
			title: `Client: event into ${rows} rows, read every ${burst}`,
			kind: 'merge',
			parameters: { rows, burst },
			only: OURS
		}))
	)
];
