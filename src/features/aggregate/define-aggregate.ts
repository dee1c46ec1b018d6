// `live.aggregate`: a value that every event of some topics changes a little.

import { checkPositive, defined } from '../../base/options.ts';
import type { MaybePromise } from '../../base/maybe-promise.ts';
import type { EventsOf } from '../../base/merge.ts';
import { encodeTopic, type TopicParts } from '../../protocol/topic.ts';
import type { LiveContext } from '../../server/context.ts';
import { serviceStream, type LiveStream, type StreamOptions } from '../../server/define-stream.ts';
import { definitionOf, type StreamDefinition } from '../../server/definition.ts';
import { partsOf } from '../../server/features.ts';
import { FencedRecord } from '../shared/fenced-record.ts';
import {
	checkSources,
	topicsOf,
	type EventData,
	type EventName,
	type EventsOfSource,
	type NamedSource,
	type Source
} from '../shared/source.ts';
import { AggregateService } from './aggregate-service.ts';
import { initialState } from './fold.ts';
import type { AggregateContext, AggregatePlan, State, WindowOption } from './plan.ts';
import { keyOf, windowsOf, type Progress } from './progress.ts';
import { readFields, readSpan } from './read.ts';
import { viewOf } from './view.ts';
import { atTime, newest } from './windows.ts';

export interface AggregateOptions extends Pick<
	StreamOptions<'set', 'id', []>,
	'access' | 'onSubscribe' | 'onUnsubscribe'
> {
	/** What the values are published to. @default made of the path */
	topic?: TopicParts;
	/**
	 * Which events count: with `tumbling` those since the last multiple of so many milliseconds, with `sliding` those of the
	 * last so many milliseconds, less one of the `steps` (12) at most. When an event came is when it was read. @default all
	 */
	window?: WindowOption;
	/** The least time between two values that are published, in milliseconds. The last one always is. @default 0 */
	throttle?: number;
	/**
	 * What the fields are when the aggregate first runs, and after events were lost: those that it leaves out begin with
	 * `init`. Not with `window`. @default all begin with `init`
	 */
	load?: (context: AggregateContext) => MaybePromise<State>;
	/** How long `load` may take, in milliseconds. @default 30000 */
	timeoutMs?: number;
	/** The most broadcasts of an ephemeral topic that wait to be read; older ones are left out. @default 1000 */
	maxWaiting?: number;
}

const DEFAULTS = { throttle: 0, timeoutMs: 30_000, maxWaiting: 1_000 } as const satisfies AggregateOptions;

type Given<Events> = [event: EventName<Events>, data: EventData<Events>];

/**
 * One field: reduced from the events, or computed from the other fields. As methods, so that an author may say of which
 * type the data is.
 */
type Field<Value, Fields, Given extends unknown[]> =
	| { init: () => Value; reduce(value: Value, ...given: Given): Value }
	| { compute(fields: Fields): Value };

type FieldsOf<Fields, Given extends unknown[]> = { [Name in keyof Fields]: Field<Fields[Name], Fields, Given> };

type ValueOf<Written> = {
	-readonly [Name in keyof Written]: Written[Name] extends { compute(...given: never): infer Value }
		? Value
		: Written[Name] extends { init: () => infer First; reduce(...given: never): infer Next }
			? First | Next
			: never;
};

/** What readers get. */
type Seen<Value, Options> = Options extends { window: { tumbling: number } }
	? Value & { window: { start: Date; end: Date }; previous: Value }
	: Value;

type Aggregate<Value> = LiveStream<[], Value, EventsOf<'set', Value, 'id'>>;

/**
 * A stream whose value is made of the events of some topics: each field by a reducer, or computed from the others. One process
 * of the application reads the events, each exactly once, also across the end of processes, and publishes the value as
 * `set`. A reducer that throws is reported to `onError` and leaves its field as it was; the others go on.
 * @param source a topic or a list of them
 */
export function aggregate<Fields, Written, const Options extends AggregateOptions = AggregateOptions>(
	source: string | readonly NamedSource[],
	fields: FieldsOf<Fields, [event: string, data: unknown]> & Written,
	options?: Options
): Aggregate<Seen<ValueOf<Written>, Options>>;
export function aggregate<
	const From extends Source | readonly Source[],
	Fields,
	Written,
	const Options extends AggregateOptions = AggregateOptions
>(
	source: From,
	fields: FieldsOf<Fields, Given<EventsOfSource<From extends readonly (infer One)[] ? One : From>>> & Written,
	options?: Options
): Aggregate<Seen<ValueOf<Written>, Options>>;
export function aggregate(source: unknown, fields: object, options: AggregateOptions = {}): object {
	const sources = (Array.isArray(source) ? source : [source]) as Source[];
	checkSources(sources, 'live.aggregate');
	const { topic, window, throttle, timeoutMs, maxWaiting, load, ...streamOptions } = {
		...DEFAULTS,
		...defined(options)
	};
	checkPositive({ timeoutMs, maxWaiting }, ['timeoutMs', 'maxWaiting']);
	const nameOf = (path: string): TopicParts => topic ?? ['aggregate', path];
	if (topic !== undefined) encodeTopic(topic);
	const plan: AggregatePlan = {
		...readFields(fields, window),
		span: readSpan(window, load),
		throttle,
		timeoutMs,
		maxWaiting,
		load: load ?? null,
		sources: () => topicsOf(sources),
		topic: (path) => {
			const { merge, ephemeral } = definitionOf(made) as StreamDefinition;
			return { name: encodeTopic(nameOf(path)), merge, ephemeral };
		}
	};
	const made = serviceStream(
		{ topic: nameOf, load: (path, context) => loadView(plan, path, context) },
		{ kind: 'service', begins: false, start: (path, host) => new AggregateService(path, host, plan) },
		streamOptions
	);
	return made;
}

/** The value as whoever leads has stored it, which is never older than what was published. */
async function loadView(plan: AggregatePlan, path: string, context: LiveContext): Promise<State> {
	const { backplane, clock } = partsOf(context);
	const { abortSignal } = context;
	const progress = await FencedRecord.peek<Progress>(backplane.store, keyOf(path));
	const windows =
		progress === null && plan.load !== null
			? new Map([[newest(plan.span, 0), initialState(plan.reducers, await plan.load({ path, abortSignal }))]])
			: windowsOf(plan, progress);
	const { reducers, span } = plan;
	return viewOf(plan, atTime(windows, span, { reducers, nowMs: clock.wallTime() }), () => {});
}
