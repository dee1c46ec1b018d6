// `live.presence`: who is here. Whoever reads the list is in it.

import { assertOptions } from '../../base/options.ts';
import { LiveError } from '../../base/errors.ts';
import type { MaybePromise } from '../../base/maybe-promise.ts';
import type { EventsOf } from '../../base/merge.ts';
import type { LivePresenceFactory } from '../../base/surface.ts';
import type { TopicName, TopicParts } from '../../protocol/topic.ts';
import type { LiveContext } from '../../server/context.ts';
import { call } from '../../server/define-call.ts';
import { stream, type LiveStream } from '../../server/define-stream.ts';
import { defineMembers, type StreamDefinition } from '../../server/definition.ts';
import { partsOf } from '../../server/features.ts';
import { runtime } from '../../server/runtime.ts';
import type { Schema } from '../../server/validate.ts';
import { callerKey } from '../shared/caller-key.ts';
import { hookContext, runHook, type HookContext } from '../shared/hook-context.ts';
import { decodeRow, DEFAULT_MAX_BYTES, encodeRow } from '../shared/row.ts';
import {
	LIST_OPTIONS,
	admit,
	streamOf,
	topicFor,
	valid,
	type ArgsOf,
	type ListOptions,
	type Run,
	type TopicRun
} from '../shared/stream-parts.ts';
import type { Arrival } from './attendance.ts';
import { makePresence } from './presence-feature.ts';
import type { ListHook, ListRules, PresenceList } from './presence-list.ts';

/** Somebody who is here: what is shown of them, and the key that the server derived. */
export type Present<Data> = {
	[Field in keyof Data | 'key']: Field extends 'key' ? string : Field extends keyof Data ? Data[Field] : never;
};

type PresenceHook<Args extends unknown[], Data> = (
	context: HookContext,
	person: Present<Data>,
	...args: Args
) => MaybePromise<unknown>;

export interface PresenceOptions<Args extends unknown[], Data, Change> extends ListOptions<Args> {
	/**
	 * What the browser may change of what is shown of its user, `presence(id).update(change)`: what this schema makes of it
	 * takes the place of the fields of the same names. @default nothing
	 */
	update?: Schema<Change, Partial<Data>>;
	/** How long somebody whose connection was lost is still here, in milliseconds: most come back. @default 5000 */
	graceMs?: number;
	/** Somebody is here who was not, by any connection on any process. Its failure is reported. */
	onJoin?: PresenceHook<Args, Data>;
	/** Somebody's last connection is gone. Where that was on a process that was killed, one of the others runs it. */
	onLeave?: PresenceHook<Args, Data>;
}

/** What a live module exports for a list of who is present. In the browser only the calling part exists. */
export type LivePresence<Args extends unknown[], Data, Change> = LivePresenceFactory<Args, Present<Data>, Change> &
	Pick<
		LiveStream<Args, Present<Data>[], EventsOf<'presence', Present<Data>[], 'key'>>,
		'load' | 'topic' | 'topicFor'
	> & {
		/** Who is here, on all processes. Joins nobody. */
		list(...args: Args): Promise<Present<Data>[]>;
		/** Changes what is shown of the caller. @throws {LiveError} CONFLICT where the caller does not read the list */
		change(context: LiveContext, args: Args, change: Partial<Data>): Promise<void>;
	};

export const DEFAULT_GRACE_MS = 5_000;

/**
 * Who is here. A client that reads it is in it, once by all its connections on all processes.
 * @param topic what the list is known by: a name, parts, or a function of the arguments
 * @param data what is shown of the caller; null for somebody who only looks
 */
export function presence<Data extends object, Change = never>(
	topic: TopicParts,
	data: Run<[], Data | null>,
	options?: PresenceOptions<[], NoInfer<Data>, Change>
): LivePresence<[], Data, Change>;
export function presence<Source extends TopicRun, Data extends object, Change = never>(
	topic: Source,
	data: Run<ArgsOf<Source>, Data | null>,
	options?: PresenceOptions<ArgsOf<Source>, NoInfer<Data>, Change>
): LivePresence<ArgsOf<Source>, Data, Change>;
export function presence(topic: unknown, data: unknown, options: unknown = {}): unknown {
	return new PresenceDefinition(data as AnyData, options as AnyOptions).make(topic as TopicParts);
}

type AnyData = Run<unknown[], object | null>;
type AnyOptions = PresenceOptions<unknown[], object, unknown>;

const OPTIONS = {
	...LIST_OPTIONS,
	update: true,
	graceMs: true,
	onJoin: true,
	onLeave: true
} satisfies Record<keyof AnyOptions, true>;

class PresenceDefinition {
	readonly #data: AnyData;
	readonly #options: AnyOptions;
	readonly #rules: ListRules;
	/** Who is about to read, by the context of the stream; null for those who only look. */
	readonly #arrivals = new WeakMap<object, Arrival | null>();
	#stream: StreamDefinition | null = null;

	constructor(data: AnyData, options: AnyOptions) {
		assertOptions(options, OPTIONS, 'live.presence');
		this.#data = data;
		this.#options = options;
		const { graceMs = DEFAULT_GRACE_MS, onJoin, onLeave } = options;
		this.#rules = { graceMs, onJoin: listHook(onJoin), onLeave: listHook(onLeave) };
	}

	make(topic: TopicParts): object {
		const { args, update } = this.#options;
		const target = stream(topic, (context: LiveContext, ...given: unknown[]) => this.#load(context, given), {
			merge: 'presence',
			key: 'key',
			...(args && { args }),
			access: (context: LiveContext, ...given: unknown[]) => this.#arrive(context, given),
			onSubscribe: (context, { name }, ...given) =>
				this.#listOf(context, name, given).enter(context, this.#arrivals.get(context) ?? null),
			onUnsubscribe: (context, { name }, ...given) => {
				const key = this.#arrivals.get(context)?.key ?? null;
				this.#listOf(context, name, given).exit(context, key, wasLost(context));
			}
		});
		this.#stream = streamOf(target);
		Object.assign(target, {
			list: (...given: unknown[]) => this.#listOn(target.topic(...(given as [])).name, given),
			change: (context: LiveContext, given: unknown[], change: object) => this.#change(context, given, change)
		});
		if (update === undefined) return target;
		return defineMembers(target, {
			update: call(async (context, ...given: unknown[]) => {
				const change = await valid(update, given.pop());
				await this.#change(context, await admit(this.#definition, context, given), change as object);
			})
		});
	}

	get #definition(): StreamDefinition {
		if (this.#stream === null) throw new Error('the definition is not made yet');
		return this.#stream;
	}

	#keyOf(context: LiveContext): string {
		return (this.#options.key ?? callerKey)(context);
	}

	/** Whether somebody may read, and what will be shown of them: what is wrong with that refuses the stream. */
	async #arrive(context: LiveContext, args: unknown[]): Promise<boolean> {
		const { access, maxBytes = DEFAULT_MAX_BYTES } = this.#options;
		if (access !== undefined && !(await access(context, ...args))) return false;
		const data = await this.#data(context, ...args);
		const key = this.#keyOf(context);
		const connection = context.connection.id;
		const arrival = data === null ? null : { key, connection, text: encodeRow(key, data, maxBytes) };
		this.#arrivals.set(context, arrival);
		return true;
	}

	async #load(context: LiveContext, args: unknown[]): Promise<unknown> {
		const topic = await topicFor(this.#definition, context, args);
		return this.#listOf(context, topic, args).open();
	}

	#listOf(context: LiveContext, topic: TopicName, args: readonly unknown[]): PresenceList {
		return partsOf(context).features.get(makePresence).list(topic, args, this.#rules);
	}

	async #listOn(topic: TopicName, args: unknown[]): Promise<unknown> {
		return runtime().started.features.get(makePresence).list(topic, args, this.#rules).open();
	}

	async #change(context: LiveContext, args: unknown[], change: object): Promise<void> {
		const { maxBytes = DEFAULT_MAX_BYTES } = this.#options;
		const key = this.#keyOf(context);
		const connection = context.connection.id;
		const { attendance } = this.#listOf(context, await topicFor(this.#definition, context, args), args);
		const text = attendance.textOf(key, connection);
		if (text === undefined) {
			throw new LiveError('CONFLICT', 'only who reads a list is in it: nothing is shown of the caller');
		}
		attendance.update(key, connection, encodeRow(key, { ...decodeRow(text), ...change }, maxBytes));
	}
}

/** The stream was ended by its client, or the connection went without a word. */
function wasLost({ abortSignal }: LiveContext): boolean {
	return (abortSignal.reason as LiveError | undefined)?.code !== 'CANCELLED';
}

function listHook(hook: PresenceHook<unknown[], object> | undefined): ListHook | null {
	if (hook === undefined) return null;
	return ({ parts, topic, args }, row) =>
		runHook(parts, () => hook(hookContext(parts, topic), row as { key: string }, ...args));
}
