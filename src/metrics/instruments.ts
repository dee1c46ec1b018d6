// The metrics of one server: their names, labels and buckets. A label's values are bounded: paths of registered functions,
// codes of tidewire, reasons of the protocol.

import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** Seconds. Most calls are answered within the first, a call that reaches the last has run into its deadline. */
const CALL_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
/** Seconds. */
const PUBLISH_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

/** Name without prefix, and what it counts. docs/operations.md prints these tables, and a test compares the two. */
export const COUNTERS = {
	connections_opened_total: { help: 'Connections that were accepted', labels: [] },
	connections_refused_total: { help: 'Connections that were turned away', labels: ['code'] },
	connections_closed_total: { help: 'Connections that ended, by close code', labels: ['close_code'] },
	streams_opened_total: { help: 'Streams that became live', labels: ['path'] },
	streams_refused_total: { help: 'Streams that ended before they were live', labels: ['path', 'code'] },
	stream_resets_total: { help: 'Clients that had to begin with a new snapshot', labels: ['path', 'reason'] },
	stream_catchups_total: { help: 'Clients that got what they had missed from the log', labels: ['path', 'why'] },
	events_published_total: { help: 'Events that were published here', labels: ['kind', 'code'] },
	events_delivered_total: { help: 'Events times the connections that they were offered to', labels: [] },
	events_dropped_total: { help: 'Events that slow consumers lost, to catch up later', labels: [] },
	events_conflated_total: { help: 'Waiting events that a later one replaced', labels: [] }
} as const;

export const GAUGES = {
	connections: { help: 'Open connections', labels: [] },
	streams: { help: 'Live streams', labels: ['path'] },
	topics: { help: 'Topics that are read here', labels: [] },
	pending_calls: { help: 'Calls that are not answered yet', labels: [] },
	queue_bytes: { help: 'Bytes that wait to be sent, of all connections', labels: [] },
	missing_events: { help: 'Events in the log that have not come here yet', labels: [] },
	backplane_up: { help: '1 where the backplane can be reached, else 0', labels: [] },
	backplane_round_trip_seconds: { help: 'How long the backplane takes to answer; NaN where it does not', labels: [] }
} as const;

export const HISTOGRAMS = {
	call_duration_seconds: { help: 'Calls, from their arrival to their answer', labels: ['path', 'code'] },
	publish_duration_seconds: { help: 'From publishing to being in the log', labels: ['kind'] }
} as const;

type Made<Facts, Kind> = Record<keyof Facts, Kind>;

export interface Instruments {
	readonly counters: Made<typeof COUNTERS, Counter>;
	readonly gauges: Made<typeof GAUGES, Gauge>;
	readonly histograms: Made<typeof HISTOGRAMS, Histogram>;
}

/** @throws {Error} where the registry has metrics of these names already */
export function makeInstruments(registry: Registry, prefix: string): Instruments {
	const registers = [registry];
	const settings = (name: string, { help, labels }: { help: string; labels: readonly string[] }) => ({
		name: prefix + name,
		help,
		labelNames: labels,
		registers
	});
	return {
		counters: each(COUNTERS, (name, facts) => new Counter(settings(name, facts))),
		gauges: each(GAUGES, (name, facts) => new Gauge(settings(name, facts))),
		histograms: each(HISTOGRAMS, (name, facts) => {
			const buckets = name === 'call_duration_seconds' ? CALL_BUCKETS : PUBLISH_BUCKETS;
			return new Histogram({ ...settings(name, facts), buckets });
		})
	};
}

type Facts = Record<string, { help: string; labels: readonly string[] }>;

function each<Table extends Facts, Kind>(
	table: Table,
	make: (name: string, facts: Table[keyof Table]) => Kind
): Made<Table, Kind> {
	const made = Object.entries(table).map(([name, facts]) => [name, make(name, facts as Table[keyof Table])]);
	return Object.fromEntries(made) as Made<Table, Kind>;
}
