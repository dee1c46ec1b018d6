// What whoever measures a server is told of. Every method is optional, and where there is no observer the server does
// nothing for it: one comparison with null. Paths are those of registered functions or null, never what a client sent.

import type { ErrorCode } from '../base/errors.ts';
import { isPromise, type MaybePromise } from '../base/maybe-promise.ts';
import type { ResetReason } from '../protocol/stream.ts';
import { runReported } from './failure.ts';

/** How something ended. */
export type Outcome = 'ok' | ErrorCode;

/** log: its events are kept in order · ephemeral: whoever listens now hears them */
export type TopicKind = 'log' | 'ephemeral';

/** call: a handler with all that stands before it · load: a stream's snapshot · publish: until it is in the log */
export type SpanKind = 'call' | 'load' | 'publish';

/** What a server has at this moment, counted when it is asked for. */
export interface Gauges {
	readonly connections: number;
	/** Topics that a stream of this process reads. */
	readonly topics: number;
	/** Bytes that wait to be sent, of all connections. */
	readonly queuedBytes: number;
	/** Calls that are not answered yet. */
	readonly pendingCalls: number;
	/** Events that are known to be in the log and have not come here yet. */
	readonly missingEvents: number;
	/** Whether the backplane can be reached. */
	readonly available: boolean;
	/** Asks the backplane something small. Resolves with the milliseconds that took; null where it does not answer. */
	roundTripMs(): Promise<number | null>;
}

/** Called within the server's own work, so nothing here may wait. What a method throws is reported, and nothing else. */
export interface Observer {
	/** Once, when the server is made. */
	attached?(gauges: Gauges): void;
	connectionOpened?(): void;
	/** A connection was turned away, at once. */
	connectionRefused?(code: ErrorCode): void;
	/** @param closeCode of the WebSocket; 1006 where it was cut */
	connectionClosed?(closeCode: number): void;
	/** @param path null where it was refused before its function was looked at */
	callEnded?(path: string | null, outcome: Outcome, durationMs: number): void;
	/** A stream is live for the first time. */
	streamOpened?(path: string): void;
	/** A stream that was live ended. CANCELLED: the client has had enough · CONNECTION_LOST: it is gone */
	streamClosed?(path: string, code: ErrorCode): void;
	/** A stream ended before it was live. @param path null where there is none of that name */
	streamRefused?(path: string | null, code: ErrorCode): void;
	/** A client has to begin with a new snapshot. */
	streamReset?(path: string, reason: ResetReason): void;
	/** A client got what it had missed from the log. slow: it did not read · resumed: it was away */
	streamCaughtUp?(path: string, why: 'slow' | 'resumed'): void;
	/** @param durationMs until it was in the log, or was sent */
	eventPublished?(kind: TopicKind, outcome: Outcome, durationMs: number): void;
	/** Events were offered to connections of this process; once for all events of a topic in a pass. */
	eventsDelivered?(events: number, connections: number): void;
	/** A connection did not read: these events were dropped, and its streams are brought up to date later. */
	eventsDropped?(events: number): void;
	/** A waiting event was replaced by a later one of its key. */
	eventConflated?(): void;
	backplaneChanged?(available: boolean): void;
	/** Runs something, and may follow it until its promise settles. Has to call `run` once, and return what it returns. */
	span?: <Result>(kind: SpanKind, name: string, run: () => Result) => Result;
}

type Told = Exclude<keyof Observer, 'span'>;
type Tell = (first?: unknown, second?: unknown, third?: unknown) => void;

const TOLD: readonly Told[] = [
	'attached',
	'connectionOpened',
	'connectionRefused',
	'connectionClosed',
	'callEnded',
	'streamOpened',
	'streamClosed',
	'streamRefused',
	'streamReset',
	'streamCaughtUp',
	'eventPublished',
	'eventsDelivered',
	'eventsDropped',
	'eventConflated',
	'backplaneChanged'
];

/** Several observers as one that never throws; null where there are none. */
export function joinObservers(
	observers: Observer | readonly Observer[] | undefined,
	onError: (error: unknown) => void
): Observer | null {
	const all = observers === undefined ? [] : [observers].flat();
	if (all.length === 0) return null;
	const joined: Record<string, unknown> = {};
	for (const name of TOLD) {
		const tells = all.flatMap((observer) => (observer[name]?.bind(observer) as Tell | undefined) ?? []);
		if (tells.length > 0) joined[name] = tellingAll(tells, onError);
	}
	const spans = all.flatMap((observer) => observer.span?.bind(observer) ?? []);
	if (spans.length > 0) joined['span'] = nested(spans);
	return joined;
}

function tellingAll(tells: readonly Tell[], onError: (error: unknown) => void): Tell {
	// Named parameters: a list of arguments would be made anew for every event.
	return (first, second, third) => {
		for (const tell of tells) {
			try {
				tell(first, second, third);
			} catch (error) {
				runReported(
					() => onError(error),
					() => {}
				);
			}
		}
	};
}

type Span = NonNullable<Observer['span']>;

function nested([first, ...inner]: readonly Span[]): Span | undefined {
	const rest = inner.length === 0 ? undefined : nested(inner);
	if (first === undefined || rest === undefined) return first;
	return (kind, name, run) => first(kind, name, () => rest(kind, name, run));
}

/** Calls back when it is known how something ended; what it gives goes on unchanged. */
export function whenEnded<Value>(value: MaybePromise<Value>, onEnd: (error?: unknown) => void): MaybePromise<Value> {
	if (isPromise(value)) value.then(() => onEnd(), onEnd);
	else onEnd();
	return value;
}
