// What tidewire has to reach, as ratios within one run.

import type { Measured } from './scenarios/scenario.ts';
import { cpuMicros } from './lib/results.ts';

export interface Target {
	title: string;
	caseName: string;
	/** The figure that is compared, of both sides. */
	figure: (measured: Measured) => number | undefined;
	/** The server or the case that it is compared with. */
	against: { server: string } | { caseName: string } | { value: number; unit: string };
	/** At most this many times the other's figure. */
	most: number;
	/** The server whose figure it is; one on another transport counts where it was measured. @default 'tidewire' */
	server?: string;
}

const p50 = ({ figures }: Measured): number | undefined => figures['p50'];
const bytesEach = ({ figures }: Measured): number | undefined => figures['bytesEach'];

const cpu = (title: string, caseName: string, [server, most]: [server: string, most: number]): Target => ({
	title,
	caseName,
	figure: cpuMicros,
	against: { server },
	most
});

/** On the server's own ground, where writing costs the same: what is left is what the promises cost. */
const onTransport = (server: string, raw: string): Target[] =>
	[
		{ name: 'fan-out-1000', title: 'one at a time' },
		{ name: 'fan-out-1000x16', title: '16 outstanding' },
		{ name: 'topics-per-socket', title: 'many topics per socket' }
	].map(({ name, title }) => ({
		...cpu(`${server}, delivery, ${title}: at most 1.1 × ${raw}`, name, [raw, 1.1]),
		server
	}));

export const TARGETS: readonly Target[] = [
	cpu('Call: at most 1.1 × uWebSockets.js', 'call', ['uWebSockets.js', 1.1]),
	cpu('Call: two thirds of svelte-realtime on uWebSockets.js', 'call', ['svelte-realtime', 2 / 3]),
	cpu('Call: a fifth of Socket.IO', 'call', ['Socket.IO', 1 / 5]),
	cpu('Call: an eighth of tRPC', 'call', ['tRPC', 1 / 8]),
	cpu('Delivery, 16 outstanding: at most 1.2 × uWebSockets.js', 'fan-out-1000x16', ['uWebSockets.js', 1.2]),
	cpu('Delivery, 16 outstanding: a fifteenth of Socket.IO', 'fan-out-1000x16', ['Socket.IO', 1 / 15]),
	cpu('Delivery, one at a time: at most 1.25 × uWebSockets.js', 'fan-out-1000', ['uWebSockets.js', 1.25]),
	cpu('Delivery, 5,000 subscribers: at most 1.25 × uWebSockets.js', 'fan-out-5000', ['uWebSockets.js', 1.25]),
	cpu('Many topics per socket: at most 1.4 × uWebSockets.js', 'topics-per-socket', ['uWebSockets.js', 1.4]),
	cpu('Steady load: at most 1.25 × uWebSockets.js', 'steady', ['uWebSockets.js', 1.25]),
	{
		title: 'Round trip, p50: at most 1.3 × ws',
		caseName: 'latency',
		figure: p50,
		against: { server: 'ws' },
		most: 1.3
	},
	{
		title: 'Idle connection: at most the memory of ws',
		caseName: 'idle',
		figure: bytesEach,
		against: { server: 'ws' },
		most: 1
	},
	{
		title: 'Publish beside 2,000 other connections: at most 1.15 × beside none',
		caseName: 'growth-2000',
		figure: cpuMicros,
		against: { caseName: 'growth-0' },
		most: 1.15
	},
	{
		title: 'Client: an event into 10,000 rows in at most 20 µs',
		caseName: 'merge-10000x1',
		figure: cpuMicros,
		against: { value: 20, unit: 'µs' },
		most: 1
	},
	...onTransport('tidewire/uws', 'uWebSockets.js'),
	...onTransport('tidewire/bun', 'Bun.serve')
];
