// `live.derived`: a stream that is computed anew when something was published that it depends on.

import { checkPositive, defined } from '../../base/options.ts';
import type { MaybePromise } from '../../base/maybe-promise.ts';
import type { EventsOf } from '../../base/merge.ts';
import { encodeTopic, type TopicParts } from '../../protocol/topic.ts';
import { encodeValue } from '../../protocol/value.ts';
import { serviceStream, type LiveStream, type StreamOptions } from '../../server/define-stream.ts';
import { definitionOf, type StreamDefinition } from '../../server/definition.ts';
import { checkSources, topicsOf, type Source } from '../shared/source.ts';
import { DerivedService } from './derived-service.ts';
import {
	DERIVED_DEFAULTS,
	type AnyDerivedOptions,
	type DerivedContext,
	type DerivedPlan,
	type DerivedTimes,
	type OutputTopic
} from './plan.ts';

/** The ways to merge in which a `set` replaces the whole value. */
type DerivedMerge = 'set' | 'crud';

export interface DerivedOptions<Kind extends DerivedMerge, Key extends string, Args extends unknown[]>
	extends StreamOptions<Kind, Key, Args>, DerivedTimes {
	/** What the values are published to. @default made of the path and the arguments */
	topic?: OutputTopic<Args>;
}

type DerivedStream<Args extends unknown[], Value, Kind extends DerivedMerge, Key extends string> = LiveStream<
	Args,
	Value,
	EventsOf<Kind, Value, Key>
>;

/**
 * A stream whose value is computed: for whoever opens it, and anew when one of its sources was published to. Then one process
 * of the application computes it, and publishes it as `set`. Where that throws, it is reported to `onError`, the former value
 * stays, and it is tried again.
 *
 * Everybody gets the same value: `compute` is told of no user. Who may read it says `access`.
 * @param sources topics; a function of the arguments makes it a stream with arguments, which is computed only while
 *   somebody reads it
 */
export function derived<Value, const Kind extends DerivedMerge = 'set', const Key extends string = 'id'>(
	sources: readonly Source[],
	compute: (context: DerivedContext) => MaybePromise<Value>,
	options?: DerivedOptions<Kind, Key, []>
): DerivedStream<[], Awaited<Value>, Kind, Key>;
export function derived<
	Args extends unknown[],
	Value,
	const Kind extends DerivedMerge = 'set',
	const Key extends string = 'id'
>(
	sources: (...args: Args) => readonly Source[],
	compute: (context: DerivedContext, ...args: NoInfer<Args>) => MaybePromise<Value>,
	options?: DerivedOptions<Kind, Key, NoInfer<Args>>
): DerivedStream<Args, Awaited<Value>, Kind, Key>;
export function derived(sources: unknown, compute: unknown, options: AnyDerivedOptions = {}): object {
	if (typeof sources !== 'function') checkSources(sources, 'live.derived');
	if (typeof compute !== 'function') throw new TypeError(`live.derived takes a function, not ${typeof compute}`);
	const { debounce, maxWait, timeoutMs, topic, ...streamOptions } = { ...DERIVED_DEFAULTS, ...defined(options) };
	checkOptions(streamOptions.merge, debounce, timeoutMs);
	const nameOf = outputTopic(topic);
	const plan: DerivedPlan = {
		debounce,
		maxWait: maxWait ?? 10 * debounce,
		timeoutMs,
		dynamic: typeof sources === 'function',
		sources: (args) =>
			topicsOf(typeof sources === 'function' ? (sources(...args) as Source[]) : (sources as Source[])),
		topic: (path, args) => ({ ...kindOf(made), name: encodeTopic(nameOf(path, args)) }),
		compute: compute as DerivedPlan['compute']
	};
	const made = serviceStream(
		{ topic: nameOf, load: (path, { abortSignal }, args) => load(plan, { path, abortSignal }, args) },
		{ kind: 'service', begins: false, start: (path, host) => new DerivedService(path, host, plan) },
		streamOptions
	);
	return made;
}

function checkOptions(merge: unknown, debounce: number, timeoutMs: number): void {
	if (merge !== undefined && merge !== 'set' && merge !== 'crud') {
		throw new TypeError(`merge must be set or crud, not "${merge as string}"`);
	}
	if (!(debounce >= 0)) throw new RangeError(`"debounce" must be 0 or more, not ${debounce}`);
	checkPositive({ timeoutMs }, ['timeoutMs']);
}

/** Parts that no other arguments make: `5` and `'5'` are the same part, and may be computed differently. */
function outputTopic(topic: AnyDerivedOptions['topic']) {
	return (path: string, args: readonly unknown[]): TopicParts => {
		if (typeof topic === 'function') return (topic as (...args: readonly unknown[]) => TopicParts)(...args);
		return topic ?? ['derived', path, ...(args.length > 0 ? [encodeValue(args)] : [])];
	};
}

function kindOf(made: object): Pick<StreamDefinition, 'merge' | 'ephemeral'> {
	const { merge, ephemeral } = definitionOf(made) as StreamDefinition;
	return { merge, ephemeral };
}

/** For one who opens the stream, or a page that is rendered. */
function load(plan: DerivedPlan, context: DerivedContext, args: unknown[]): MaybePromise<unknown> {
	plan.sources(args); // arguments that name no sources are refused here
	return plan.compute(context, ...args);
}
