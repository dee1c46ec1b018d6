// `live.group`: a number of connections that are told things, by all or by role. A client becomes a member by reading the
// group's stream, where `role` says so, or by `join` in a handler; it hears what is published while it is a member.

import { assertOptions } from '../../base/options.ts';
import { LiveError } from '../../base/errors.ts';
import type { MaybePromise } from '../../base/maybe-promise.ts';
import type { EventsOf } from '../../base/merge.ts';
import type { TopicName, TopicPart, TopicParts } from '../../protocol/topic.ts';
import { whenDone } from '../../base/maybe-promise.ts';
import type { LiveContext } from '../../server/context.ts';
import { channel, makeStream, stream, type LiveStream } from '../../server/define-stream.ts';
import { defineMembers, sharedHome, type StreamDefinition } from '../../server/definition.ts';
import { partsOf, type Features } from '../../server/features.ts';
import { RENDERER } from '../../server/load-once.ts';
import { runtime } from '../../server/runtime.ts';
import type { ServiceHost } from '../../server/service.ts';
import type { Schema } from '../../server/validate.ts';
import { hookContext, runHook, type HookContext } from '../shared/hook-context.ts';
import { streamOf, topicFor, type ArgsOf, type Run, type TopicRun } from '../shared/stream-parts.ts';
import { GroupHandle } from './group-handle.ts';
import { META, type GroupRules, type GroupState } from './group-state.ts';
import { makeGroups } from './groups-feature.ts';
import type { Member } from './members.ts';
import { Roll } from './roll.ts';

type MemberHook<Args extends unknown[]> = (
	context: HookContext,
	member: Member,
	...args: Args
) => MaybePromise<unknown>;

export interface GroupOptions<Args extends unknown[], Meta> {
	/**
	 * The role of whoever reads the group's stream, who is a member as long as they do; null refuses them with FORBIDDEN.
	 * @default nobody becomes a member by reading: a handler has to `join` them
	 */
	role?: Run<Args, string | null>;
	/** The most members, on all processes. One more is refused with TOO_MANY, or `join` returns false. @default no limit */
	maxMembers?: number;
	/** What the metadata is in the beginning. @default null */
	meta?: Meta;
	/** The field that identifies an item. @default 'id'; items need not have it */
	key?: string;
	/** The most items that a client keeps. @default 50 */
	max?: number;
	/** Standard Schemas, one for each argument. @default the arguments are not validated */
	args?: readonly Schema<unknown, unknown>[];
	/** Who may read. @default everybody who passes the guards, and is a member */
	access?: Run<Args, boolean>;
	onJoin?: MemberHook<Args>;
	/**
	 * Runs where the member was; for those of a process that was killed once on one of the others, or on the next that starts.
	 * Whoever takes it on itself and is killed meanwhile is not replaced.
	 */
	onLeave?: MemberHook<Args>;
	/** Somebody found no place. */
	onFull?: MemberHook<Args>;
	/** The group was closed; runs on the process that closed it. */
	onClose?: (context: HookContext, ...args: Args) => MaybePromise<unknown>;
}

/** What a live module exports for a group. In the browser only its two streams exist. */
export type LiveGroup<Args extends unknown[], Row, Meta> = LiveStream<Args, Row[], EventsOf<'latest', Row[], 'id'>> & {
	/** The metadata; null when the group is closed, or has none. */
	readonly meta: LiveStream<Args, Meta | null, EventsOf<'set', Meta | null, 'id'>>;
	/** The group with these arguments, to use on the server. */
	of(...args: Args): GroupHandle<Row, Meta>;
};

interface MakeGroup<Row> {
	<Meta = null>(topic: TopicParts, options?: GroupOptions<[], Meta>): LiveGroup<[], Row, Meta>;
	<Source extends TopicRun, Meta = null>(
		topic: Source,
		options?: GroupOptions<ArgsOf<Source>, Meta>
	): LiveGroup<ArgsOf<Source>, Row, Meta>;
}

/** Names the type of what is published: `live.group<Move>()('game')`. */
export function group<Row = Record<string, unknown>>(): MakeGroup<Row>;
/** A number of connections, on all processes, that are told things: all of them, or those of a role. */
export function group<Meta = null>(
	topic: TopicParts,
	options?: GroupOptions<[], Meta>
): LiveGroup<[], Record<string, unknown>, Meta>;
export function group<Source extends TopicRun, Meta = null>(
	topic: Source,
	options?: GroupOptions<ArgsOf<Source>, Meta>
): LiveGroup<ArgsOf<Source>, Record<string, unknown>, Meta>;
export function group(topic?: TopicParts | TopicRun, options: unknown = {}): unknown {
	const make = (name: TopicParts | TopicRun, more: unknown = {}) =>
		new GroupDefinition(more as AnyOptions).make(name);
	return topic === undefined ? make : make(topic, options);
}

type AnyOptions = GroupOptions<unknown[], unknown>;

const OPTIONS = {
	role: true,
	maxMembers: true,
	meta: true,
	key: true,
	max: true,
	args: true,
	access: true,
	onJoin: true,
	onLeave: true,
	onFull: true,
	onClose: true
} satisfies Record<keyof AnyOptions, true>;

class GroupDefinition {
	readonly #options: AnyOptions;
	readonly #rules: GroupRules;
	/** By the server that they are of. */
	readonly #rolls = new WeakMap<object, Roll>();
	#stream: StreamDefinition | null = null;

	constructor(options: AnyOptions) {
		assertOptions(options, OPTIONS, 'live.group');
		const { maxMembers = Infinity, meta = null } = options;
		if (!(maxMembers >= 1)) throw new RangeError(`"maxMembers" must be at least 1, not ${maxMembers}`);
		this.#options = options;
		this.#rules = {
			maxMembers,
			meta,
			rollOn: (parts) => this.#rolls.get(parts),
			onJoin: memberHook(options.onJoin),
			onLeave: memberHook(options.onLeave),
			onFull: memberHook(options.onFull),
			onClose: (state) =>
				runHook(state.parts, () => options.onClose?.(hookContext(state.parts, state.topic), ...state.args))
		};
	}

	make(topic: TopicParts | TopicRun): object {
		const { key, max, args } = this.#options;
		const how = { key, max, args } as object; // what is undefined is left out
		const members = channel(topic as TopicParts, {
			...how,
			access: (context: LiveContext, ...given: unknown[]) => this.#enter(context, given)
		});
		this.#stream = streamOf(members);
		const target = this.#withRoll(members);
		const meta = stream(
			metaTopic(topic) as TopicParts,
			async (context: LiveContext, ...given: unknown[]) => {
				const topic = await topicFor(this.#definition, context, given);
				return this.#state(partsOf(context).features, topic, given).meta();
			},
			{
				merge: 'set',
				...(args && { args }),
				access: (context: LiveContext, ...given: unknown[]) => this.#mayRead(context, given)
			}
		);
		const of = (...given: unknown[]): GroupHandle<unknown, unknown> => {
			const { name } = target.topic(...(given as []));
			return new GroupHandle((features) => this.#state(features ?? runtime().started.features, name, given));
		};
		return defineMembers(Object.assign(target, { meta, of }), { meta });
	}

	/** Where somebody has to be told of who leaves, a roll is kept, so that it is known who was on a process that is killed. */
	#withRoll<Stream extends object>(stream: Stream): Stream {
		if (this.#options.onLeave === undefined) return stream;
		const onLeave = memberHook(this.#options.onLeave);
		const start = (path: string, host: ServiceHost): Roll => {
			const roll = new Roll(path, host, ({ topic, args, member }) =>
				onLeave({ parts: host, topic, args }, member)
			);
			this.#rolls.set(host, roll);
			return roll;
		};
		const home = sharedHome(() => made);
		const made = makeStream({ ...this.#definition, service: { kind: 'service', begins: false, start, home } });
		return made as Stream; // made of the same definition
	}

	get #definition(): StreamDefinition {
		if (this.#stream === null) throw new Error('the definition is not made yet');
		return this.#stream;
	}

	async #mayRead(context: LiveContext, args: unknown[]): Promise<boolean> {
		const { access } = this.#options;
		return access === undefined || (await access(context, ...args));
	}

	/** Whether somebody may read: members may, and those that become one by it. */
	async #enter(context: LiveContext, args: unknown[]): Promise<boolean> {
		if (!(await this.#mayRead(context, args))) return false;
		const topic = await topicFor(this.#definition, context, args);
		const { features } = partsOf(context);
		const groups = features.get(makeGroups);
		const { connection, user, abortSignal } = context;
		if (groups.reads(this.#state(features, topic, args), connection.id, abortSignal)) return true;
		const role = (await this.#options.role?.(context, ...args)) ?? null;
		if (role === null || connection.id === RENDERER.id) return role !== null;
		// Found anew: while the role was looked for, one that nobody was in may have been forgotten.
		const state = this.#state(features, topic, args);
		const admission = await groups.join(state, { connection: connection.id, role, user }, abortSignal);
		if (admission === 'full') throw full(context.path, this.#rules.maxMembers);
		if (admission === 'closed') throw new LiveError('CONFLICT', `"${context.path}" is closed`);
		return true;
	}

	#state(features: Features, topic: TopicName, args: readonly unknown[]): GroupState {
		return features.get(makeGroups).of(topic, args, this.#rules);
	}
}

function full(path: string, maxMembers: number): LiveError {
	return new LiveError('TOO_MANY', `"${path}" is full; the limit "maxMembers" is ${maxMembers}`, {
		retryAfterMs: 5_000
	});
}

function metaTopic(topic: TopicParts | TopicRun): unknown {
	const below = (parts: TopicParts): readonly TopicPart[] => [...[parts].flat(), META];
	if (typeof topic !== 'function') return below(topic);
	return (context: LiveContext, ...args: never[]) => whenDone(topic(context, ...args), below);
}

/** A group in a process, also where it has no members. */
interface WhereHooksRun extends Pick<GroupState, 'topic' | 'args'> {
	readonly parts: ServiceHost;
}

function memberHook(hook: MemberHook<unknown[]> | undefined) {
	return (state: WhereHooksRun, member: Member): void =>
		runHook(state.parts, () => hook?.(hookContext(state.parts, state.topic), member, ...state.args));
}
