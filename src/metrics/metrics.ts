// Counts what an observer is told, with prom-client. What can be asked for at any time is asked for when somebody reads.

import { Registry } from 'prom-client';
import { ERROR_CODES } from '../base/errors.ts';
import type { Gauges, Observer, Outcome } from '../server/observer.ts';
import { makeInstruments, type Instruments } from './instruments.ts';

export interface MetricsOptions {
	/** Where the metrics are registered: prom-client's own `register`, for example. @default a registry of their own */
	registry?: Registry;
	/** What every name begins with. @default 'tidewire_' */
	prefix?: string;
}

export interface Metrics extends Observer {
	/** Where the metrics are. */
	readonly registry: Registry;
	/** What `text` returns, for the header `content-type`. */
	readonly contentType: string;
	/** Everything in the registry, in the text format of Prometheus. */
	text(): Promise<string>;
}

/**
 * Metrics of the server of this process, as an observer: `defineLive({ observer: metrics() })`.
 * @throws {Error} where the registry has metrics of these names already
 */
export function metrics({ registry = new Registry(), prefix = 'tidewire_' }: MetricsOptions = {}): Metrics {
	const instruments = makeInstruments(registry, prefix);
	let gauges: Gauges | null = null;
	return {
		...observerOf(instruments),
		// In development a server takes the place of another one.
		attached: (given) => void (gauges = given),
		registry,
		contentType: registry.contentType,
		text: async () => {
			if (gauges !== null) await read(gauges, instruments);
			return registry.metrics();
		}
	};
}

function observerOf({ counters, gauges, histograms }: Instruments): Observer {
	return {
		connectionOpened: () => counters.connections_opened_total.inc(),
		connectionRefused: (code) => counters.connections_refused_total.labels(codeLabel(code)).inc(),
		connectionClosed: (closeCode) => counters.connections_closed_total.labels(closeLabel(closeCode)).inc(),
		callEnded: (path, outcome, durationMs) =>
			histograms.call_duration_seconds.labels(pathLabel(path), codeLabel(outcome)).observe(durationMs / 1_000),
		streamOpened: (path) => {
			counters.streams_opened_total.labels(path).inc();
			gauges.streams.labels(path).inc();
		},
		streamClosed: (path) => gauges.streams.labels(path).dec(),
		streamRefused: (path, code) => counters.streams_refused_total.labels(pathLabel(path), codeLabel(code)).inc(),
		streamReset: (path, reason) => counters.stream_resets_total.labels(path, reason).inc(),
		streamCaughtUp: (path, why) => counters.stream_catchups_total.labels(path, why).inc(),
		eventPublished: (kind, outcome, durationMs) => {
			counters.events_published_total.labels(kind, codeLabel(outcome)).inc();
			histograms.publish_duration_seconds.labels(kind).observe(durationMs / 1_000);
		},
		eventsDelivered: (events, connections) => counters.events_delivered_total.inc(events * connections),
		eventsDropped: (events) => counters.events_dropped_total.inc(events),
		eventConflated: () => counters.events_conflated_total.inc()
	};
}

async function read(now: Gauges, { gauges }: Instruments): Promise<void> {
	gauges.connections.set(now.connections);
	gauges.topics.set(now.topics);
	gauges.pending_calls.set(now.pendingCalls);
	gauges.queue_bytes.set(now.queuedBytes);
	gauges.missing_events.set(now.missingEvents);
	gauges.backplane_up.set(now.available ? 1 : 0);
	const roundTripMs = now.available ? await now.roundTripMs() : null;
	gauges.backplane_round_trip_seconds.set(roundTripMs === null ? NaN : roundTripMs / 1_000);
}

/** An application may make codes of anything, so those are one. */
function codeLabel(code: Outcome): string {
	return code === 'ok' || Object.hasOwn(ERROR_CODES, code) ? code : 'APPLICATION';
}

/** Clients choose close codes, too. */
const CLOSE_CODES: ReadonlySet<number> = new Set([
	...[1000, 1001, 1002, 1003, 1005, 1006, 1007, 1008, 1009, 1011],
	...Object.values(ERROR_CODES).flatMap((facts) => ('closeCode' in facts ? [facts.closeCode] : []))
]);

const closeLabel = (code: number): string => (CLOSE_CODES.has(code) ? String(code) : 'other');

const pathLabel = (path: string | null): string => path ?? '';
