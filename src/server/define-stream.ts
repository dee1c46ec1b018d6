// `live.stream` and `live.channel`: data that stays current in the browser.

import type { StandardSchemaV1 } from '@standard-schema/spec';
import { assertOptions, defined } from '../base/options.ts';
import type { MaybePromise } from '../base/maybe-promise.ts';
import { MERGE_KINDS, type EventsOf, type MergeKind, type MergeSpec } from '../base/merge.ts';
import type { LiveResource, LiveSnapshot, LiveStreamFactory } from '../base/surface.ts';
import { encodeTopic, type TopicParts } from '../protocol/topic.ts';
import type { SessionSource } from './config.ts';
import type { LiveContext } from './context.ts';
import { assertDelta } from './delta.ts';
import { define, registeredPath, sharedHome, type StreamDefinition } from './definition.ts';
import { runtime } from './runtime.ts';
import { homeOf, type ServiceDefinition } from './service.ts';
import { topicOfStream, topicWithoutCaller } from './stream-topic.ts';
import type { Topic } from './topic.ts';
import { versionsOf } from './versions.ts';

type Run<Args extends unknown[], Result> = (context: LiveContext, ...args: Args) => MaybePromise<Result>;

type TopicRun = Run<never[], TopicParts>;

/** The topic alone says what the arguments are: a load or a rule that looks at fewer of them takes none away. */
type ArgsOf<Source> = Source extends (context: LiveContext, ...args: infer Args) => unknown ? Args : [];

export interface ChannelOptions<Kind extends MergeKind, Key extends string, Args extends unknown[]> {
	/** How events merge into the value. @default 'crud'; for a channel 'latest' */
	merge?: Kind;
	/** The field that identifies a row. @default 'id'; for presence and cursor 'key' */
	key?: Key;
	/** Whether created rows go to the front. @default false */
	prepend?: boolean;
	/** The most rows that a client keeps; 0 for no bound. @default 0; for `latest` 50 */
	max?: number;
	/** Whether events are delivered at most once and kept nowhere. @default true for presence, cursor and channels */
	ephemeral?: boolean;
	/** Standard Schemas, one for each argument. @default the arguments are not validated */
	args?: readonly StandardSchemaV1[];
	/** Who may read; checked before anything is loaded. @default everybody who passes the guards */
	access?: Run<Args, boolean>;
	/**
	 * Of the shape of its rows, 1 or more. The build reads it here, so it is written as a number; pages say which one they know.
	 * @default none
	 */
	version?: number;
	/**
	 * For clients whose position the log does not know any more: they get what has changed instead of the whole value. Needs a
	 * log, `crud` and no `max`.
	 * @default they get the whole value
	 */
	delta?: {
		/** Names the state that the data is in: a number, or 1 to 64 characters. Asked before each load and before each `diff`. */
		version: Run<Args, string | number>;
		/** What has changed since a state, or more than that; null where that is not known. */
		diff: (
			context: LiveContext,
			since: string | number,
			...args: Args
		) => MaybePromise<{ upserted?: readonly object[]; deleted?: readonly (string | number)[] } | null>;
	};
	/**
	 * For pages of an earlier build, by their version: makes of a row of the next higher version one of theirs, at once and with
	 * the same key. Where one is missing, such pages are refused with UPGRADE_REQUIRED.
	 */
	migrate?: Readonly<Record<number, (row: never) => unknown>>;
	/** Runs when a client has its first value. Its failure is reported and refuses nothing. */
	onSubscribe?: (context: LiveContext, topic: Topic, ...args: Args) => MaybePromise<unknown>;
	/** Runs when a client that had its first value ends the stream or disconnects. */
	onUnsubscribe?: (context: LiveContext, topic: Topic, ...args: Args) => MaybePromise<unknown>;
}

export type StreamOptions<Kind extends MergeKind, Key extends string, Args extends unknown[]> = ChannelOptions<
	Kind,
	Key,
	Args
>;

/** What a live module exports for a stream. In the browser only the calling part exists. */
export type LiveStream<Args extends unknown[], Value, Events, Published = Events> = LiveStreamFactory<
	Args,
	Value,
	Events
> & {
	/** The topic for these arguments, to publish to. */
	topic(...args: Args): Topic<Published>;
	/** The same, where the topic depends on the caller. */
	topicFor(context: Pick<LiveContext, 'user'>, ...args: Args): Topic<Published>;
	/** Loads the value while a page is rendered on the server; `hydrate` takes it in the browser. */
	load(event: SessionSource, ...args: Args): Promise<LiveSnapshot<Value>>;
};

/** The same, as far as whoever makes another one of it has to know. */
export interface StreamLike<Args extends unknown[], Value, Events, Published> {
	(...args: Args): LiveResource<Value, Events>;
	topic(...args: Args): Topic<Published>;
}

type StreamExport<Args extends unknown[], Value, Kind extends MergeKind, Key extends string> = LiveStream<
	Args,
	Value,
	EventsOf<Kind, Value, Key>
>;

/**
 * A snapshot that stays current.
 * @param topic what its events are published to: a name, parts, or a function of the arguments
 * @param load the snapshot. Shared by all who ask at the same time, unless it looks at `ctx.user` or `ctx.connection`
 */
export function stream<
	Args extends unknown[],
	Result,
	const Kind extends MergeKind = 'crud',
	const Key extends string = DefaultKey<Kind>
>(
	topic: TopicParts,
	load: Run<Args, Result>,
	options?: StreamOptions<Kind, Key, Args>
): StreamExport<Args, Awaited<Result>, Kind, Key>;
export function stream<
	Source extends TopicRun,
	Result,
	const Kind extends MergeKind = 'crud',
	const Key extends string = DefaultKey<Kind>
>(
	topic: Source,
	load: Run<ArgsOf<Source>, Result>,
	options?: StreamOptions<Kind, Key, ArgsOf<Source>>
): StreamExport<ArgsOf<Source>, Awaited<Result>, Kind, Key>;
export function stream(topic: unknown, load: unknown, options?: AnyOptions): unknown {
	return makeStream(makeDefinition(topic, load, { merge: 'crud', ...checked(options) }));
}

type DefaultKey<Kind extends MergeKind> = Kind extends 'presence' | 'cursor' ? 'key' : 'id';

/** What a channel of this kind holds: rows in a list, or with `set` one value. */
type ChannelValue<Kind extends MergeKind, Row> = Kind extends 'set' ? Row : Row[];

// Two signatures, for a name and for a function of the arguments: of a union the compiler infers no arguments.
interface MakeChannel<Row> {
	<const Kind extends MergeKind = 'latest', const Key extends string = DefaultKey<Kind>>(
		topic: TopicParts,
		options?: ChannelOptions<Kind, Key, []>
	): StreamExport<[], ChannelValue<Kind, Row>, Kind, Key>;
	<Source extends TopicRun, const Kind extends MergeKind = 'latest', const Key extends string = DefaultKey<Kind>>(
		topic: Source,
		options?: ChannelOptions<Kind, Key, ArgsOf<Source>>
	): StreamExport<ArgsOf<Source>, ChannelValue<Kind, Row>, Kind, Key>;
}

/** Names the type of a channel's rows: `live.channel<Row>()('typing', { merge: 'presence' })`. */
export function channel<Row = Record<string, unknown>>(): MakeChannel<Row>;
/** A stream without a snapshot: clients get what is published from now on. */
export function channel<const Kind extends MergeKind = 'latest', const Key extends string = DefaultKey<Kind>>(
	topic: TopicParts,
	options?: ChannelOptions<Kind, Key, []>
): StreamExport<[], ChannelValue<Kind, Record<string, unknown>>, Kind, Key>;
export function channel<
	Source extends TopicRun,
	const Kind extends MergeKind = 'latest',
	const Key extends string = DefaultKey<Kind>
>(
	topic: Source,
	options?: ChannelOptions<Kind, Key, ArgsOf<Source>>
): StreamExport<ArgsOf<Source>, ChannelValue<Kind, Record<string, unknown>>, Kind, Key>;
export function channel(topic?: unknown, options?: AnyOptions): unknown {
	if (topic === undefined) return (name: unknown, more?: AnyOptions) => makeChannel(name, more);
	return makeChannel(topic, options);
}

function makeChannel(topic: unknown, options: AnyOptions | undefined): object {
	return makeStream(makeDefinition(topic, null, { merge: 'latest', ...checked(options) }));
}

export type AnyOptions = ChannelOptions<MergeKind, string, never>;

const OPTIONS = {
	merge: true,
	key: true,
	prepend: true,
	max: true,
	ephemeral: true,
	args: true,
	access: true,
	version: true,
	migrate: true,
	delta: true,
	onSubscribe: true,
	onUnsubscribe: true
} satisfies Record<keyof AnyOptions, true>;

/** @throws {TypeError} where an option is not known */
function checked(options: AnyOptions = {}): AnyOptions {
	assertOptions(options, OPTIONS, 'a stream');
	return defined(options);
}

function makeDefinition(topic: unknown, load: unknown, options: AnyOptions): StreamDefinition {
	const kind = options.merge ?? 'crud';
	if (!MERGE_KINDS.includes(kind)) {
		throw new TypeError(`merge must be one of ${MERGE_KINDS.join(', ')}, not "${kind as string}"`);
	}
	const byKey = kind === 'presence' || kind === 'cursor';
	const hooks = options as unknown as StreamDefinition;
	const definition: StreamDefinition = {
		kind: 'stream',
		topic: topic as StreamDefinition['topic'],
		load: load as StreamDefinition['load'],
		merge: mergeSpec(kind, options),
		ephemeral: options.ephemeral ?? (byKey || load === null),
		access: hooks.access ?? null,
		schemas: options.args ?? null,
		onSubscribe: hooks.onSubscribe ?? null,
		onUnsubscribe: hooks.onUnsubscribe ?? null,
		versions: versionsOf(options),
		delta: hooks.delta ?? null
	};
	assertDelta(definition);
	return definition;
}

function mergeSpec(kind: MergeKind, options: AnyOptions): MergeSpec {
	const byKey = kind === 'presence' || kind === 'cursor';
	return {
		kind,
		key: options.key ?? (byKey ? 'key' : 'id'),
		prepend: options.prepend ?? false,
		max: options.max ?? (kind === 'latest' ? 50 : 0)
	};
}

/** What a service keeps current, by the path that it runs under. */
interface ServiceParts {
	readonly topic: (path: string, args: unknown[]) => TopicParts;
	readonly load: (path: string, context: LiveContext, args: unknown[]) => MaybePromise<unknown>;
}

/**
 * A stream that a service keeps current, rather than whoever publishes to it. Whatever is made of it, by a pipe or a gate, reads
 * what that one service publishes.
 */
export function serviceStream(parts: ServiceParts, begun: ServiceDefinition, options: AnyOptions): object {
	const service: ServiceDefinition = { ...begun, home: sharedHome(() => made) };
	const definition = makeDefinition(
		({ path }: LiveContext, ...args: unknown[]) => parts.topic(homeOf(service, path), args),
		(context: LiveContext, ...args: unknown[]) => parts.load(homeOf(service, context.path), context, args),
		{ merge: 'set', ...defined(options) }
	);
	const made = makeStream({ ...definition, service });
	return made;
}

/** What a live module exports for a definition of a stream. */
export function makeStream(definition: StreamDefinition): object {
	if (typeof definition.topic !== 'function') encodeTopic(definition.topic); // a bad name is refused where it stands
	const target = (...args: unknown[]): unknown => render(target, args);
	const topicOf = (parts: TopicParts): Topic => ({
		name: encodeTopic(parts),
		merge: definition.merge,
		ephemeral: definition.ephemeral
	});
	const methods = {
		topic: (...args: unknown[]) => topicOf(topicWithoutCaller(definition, args, () => pathOf(target))),
		topicFor: (context: LiveContext, ...args: unknown[]) =>
			topicOf(topicOfStream(definition, context, args) as TopicParts),
		load: (event: SessionSource, ...args: unknown[]) => runtime().load(pathOf(target), event, args)
	};
	return define(withOwnResource(Object.assign(target, methods)), definition);
}

function pathOf(target: object): string {
	const path = registeredPath(target);
	if (path === undefined) throw new Error('this stream is not registered: export it from a live module');
	return path;
}

/** What a component gets while it is rendered on the server. */
function render(target: object, args: unknown[]): unknown {
	const { renderStream } = runtime();
	if (renderStream === null) throw new Error(`"${pathOf(target)}" was called where no page is rendered: use load()`);
	return renderStream(pathOf(target), args);
}

const RESOURCE_FIELDS = [
	'current',
	'ready',
	'loading',
	'error',
	'connected',
	'then',
	'subscribe',
	'hydrate',
	'hasMore'
] as const satisfies (keyof LiveResource<unknown, unknown>)[];

/** A stream without arguments is its own resource, also on the server. */
function withOwnResource<Target extends (...args: unknown[]) => unknown>(target: Target): Target {
	for (const field of RESOURCE_FIELDS) {
		Object.defineProperty(target, field, { get: () => bound(target() as LiveResource<unknown, unknown>, field) });
	}
	return target;
}

function bound(resource: LiveResource<unknown, unknown>, field: (typeof RESOURCE_FIELDS)[number]): unknown {
	const value: unknown = resource[field];
	return typeof value === 'function' ? (value.bind(resource) as unknown) : value;
}
