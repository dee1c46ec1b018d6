// `live.room`: data, who is here, where they point, and what can be done, declared as one. Whatever belongs to a room is
// behind the room's guard.

import { assertOptions } from '../../base/options.ts';
import { LiveError } from '../../base/errors.ts';
import { whenDone, type MaybePromise } from '../../base/maybe-promise.ts';
import type { MergeKind } from '../../base/merge.ts';
import { encodeTopic, type TopicName, type TopicPart, type TopicParts } from '../../protocol/topic.ts';
import type { LiveContext } from '../../server/context.ts';
import { call } from '../../server/define-call.ts';
import { stream } from '../../server/define-stream.ts';
import { define, defineMembers, definitionOf, type Handler } from '../../server/definition.ts';
import type { Publish } from '../../server/publish.ts';
import type { Topic, TopicLike } from '../../server/topic.ts';
import { validateArgs, type Schema } from '../../server/validate.ts';
import { cursors, type Point } from '../cursors/cursors.ts';
import { presence } from '../presence/presence.ts';
import type { HookContext } from '../shared/hook-context.ts';
import { streamOf, type ArgsOf, type Run, type TopicRun } from '../shared/stream-parts.ts';
import type {
	CursorsMember,
	LiveRoom,
	PresenceMember,
	RoomActions,
	RoomCursors,
	RoomData,
	RoomEvents,
	RoomPresence
} from './room-types.ts';

type DefaultKey<Kind extends MergeKind> = Kind extends 'presence' | 'cursor' ? 'key' : 'id';

/**
 * Data, presence, cursors and actions of one thing that people share.
 * @throws {TypeError} where an action has the name of another part
 */
export function room<
	const Source extends TopicRun | TopicParts,
	Result,
	All,
	Calls,
	Pointing,
	const Kind extends MergeKind = 'crud',
	const Key extends string = DefaultKey<Kind>,
	Data extends object = never,
	Change = never,
	Shown extends object = object,
	Input = Point,
	Place extends object = Point
>(
	options: RoomData<Source, Result, Kind, Key> &
		RoomPresence<ArgsOf<Source>, Data, Change, RoomEvents<Kind, Result, Key>> &
		RoomCursors<ArgsOf<Source>, Shown, Input, Place, Pointing> &
		RoomActions<ArgsOf<Source>, RoomEvents<Kind, Result, Key>, All, Calls>
): LiveRoom<
	ArgsOf<Source>,
	Awaited<Result>,
	RoomEvents<Kind, Result, Key>,
	PresenceMember<ArgsOf<Source>, Data, Change>,
	CursorsMember<ArgsOf<Source>, Shown, Input, Place, Pointing>,
	All,
	Calls
> {
	const members = new RoomDefinition(options as unknown as AnyRoom).members();
	return defineMembers({ ...members }, members) as never; // what the type of the room says of its members
}

/** The options of any room, as they are used: arguments come from the network. */
interface AnyRoom extends RoomData<Run<unknown[], TopicParts> | TopicParts, unknown, MergeKind, string> {
	init: Handler;
	guard?: Handler;
	presence?: Handler<object | null> | { data: Handler<object | null> };
	cursors?: true | object;
	actions?: Record<string, Handler>;
	calls?: Record<string, object>;
	onJoin?: (context: object, ...rest: unknown[]) => unknown;
	onLeave?: (context: object, ...rest: unknown[]) => unknown;
}

const OPTIONS = {
	topic: true,
	init: true,
	merge: true,
	key: true,
	prepend: true,
	max: true,
	args: true,
	guard: true,
	presence: true,
	cursors: true,
	actions: true,
	calls: true,
	onJoin: true,
	onLeave: true
} satisfies Record<keyof AnyRoom, true>;

/** Parts that no author gives a topic by chance. */
const PRESENCE = '~presence';
const CURSORS = '~cursors';

class RoomDefinition {
	readonly #options: AnyRoom;
	readonly #data: object;

	constructor(options: AnyRoom) {
		assertOptions(options, OPTIONS, 'live.room');
		this.#options = options;
		const { topic, init, merge, key, prepend, max } = options;
		const how = { merge, key, prepend, max } as object; // `stream` leaves out what is undefined
		this.#data = stream(topic as TopicParts, init as never, { ...how, ...this.#behind });
	}

	members(): Record<string, object> {
		const { presence: people, cursors: pointers, actions = {}, calls = {} } = this.#options;
		const taken = Object.keys({ ...actions, ...calls }).find((name) => RESERVED.has(name));
		if (taken !== undefined) throw new TypeError(`an action of a room cannot be called "${taken}"`);
		return {
			data: this.#data,
			...(people && { presence: this.#presence(people) }),
			...(pointers && {
				cursors: cursors(this.#topicOf(CURSORS) as never, { ...this.#behind, ...Object(pointers) })
			}),
			...mapped(actions, (action) => call(async (context, ...given) => this.#run(action, context, given))),
			...mapped(calls, (made) => this.#call(made))
		};
	}

	#presence(part: NonNullable<AnyRoom['presence']>): object {
		const { onJoin, onLeave } = this.#options;
		const { data, ...options } = typeof part === 'function' ? { data: part } : part;
		return presence(this.#topicOf(PRESENCE) as never, data as never, {
			...this.#behind,
			...options,
			...(onJoin && { onJoin: this.#hook(onJoin) }),
			...(onLeave && { onLeave: this.#hook(onLeave) })
		});
	}

	/** Arguments and guard, for everything in the room. */
	get #behind(): { args?: readonly Schema<unknown, unknown>[]; access: Run<unknown[], boolean> } {
		const { args } = this.#options;
		return { ...(args && { args }), access: (context, ...given) => this.#admits(context, given) };
	}

	#admits(context: LiveContext, args: unknown[]): MaybePromise<boolean> {
		return whenDone(this.#options.guard?.(context, ...args), (answer) => answer !== false);
	}

	/** The topic of a part of the room, from the arguments of the room. */
	#topicOf(part: string): unknown {
		const { topic } = this.#options;
		const below = (parts: TopicParts): readonly TopicPart[] => [...[parts].flat(), part];
		if (typeof topic !== 'function') return below(topic);
		return (context: LiveContext, ...args: unknown[]) => whenDone(topic(context, ...args), below);
	}

	/** How many of an action's arguments are the room's. */
	get #leading(): number {
		const { args, topic } = this.#options;
		return args?.length ?? (typeof topic === 'function' ? topic.length - 1 : 0);
	}

	#call(made: object): object {
		const definition = definitionOf(made);
		if (definition?.kind !== 'call')
			throw new TypeError('"calls" of a room are made by live.validated or a relative');
		const handler: Handler = async (context, ...given) => {
			await this.#require(context, given.slice(0, this.#leading));
			return definition.handler(context, ...given);
		};
		return define(() => {}, { ...definition, handler });
	}

	async #run(action: Handler, context: LiveContext, given: unknown[]): Promise<unknown> {
		const { args: schemas, topic } = this.#options;
		const leading = given.slice(0, this.#leading);
		const args = schemas === undefined ? leading : await validateArgs(schemas, leading);
		await this.#require(context, args);
		const parts = typeof topic === 'function' ? await topic(context, ...args) : topic;
		return action(inRoom(context, this.#dataTopic(encodeTopic(parts))), ...args, ...given.slice(this.#leading));
	}

	async #require(context: LiveContext, args: unknown[]): Promise<void> {
		if (await this.#admits(context, args)) return;
		throw new LiveError('FORBIDDEN', `access to "${context.path}" is denied`);
	}

	/** Hooks run for nobody in particular: of the list they know the topic. */
	#hook(hook: NonNullable<AnyRoom['onJoin']>) {
		return (context: HookContext, person: object, ...args: unknown[]): unknown => {
			const room = context.topic.slice(0, -`/${PRESENCE}`.length) as TopicName;
			return hook({ publish: roomPublish(context.publish, this.#dataTopic(room)) }, person, ...args);
		};
	}

	#dataTopic(name: TopicName): Topic<never> {
		const { merge, ephemeral } = streamOf(this.#data);
		return { name, merge, ephemeral };
	}
}

const RESERVED: ReadonlySet<string> = new Set(['data', 'presence', 'cursors', 'then']);

const mapped = <Value>(all: Record<string, Value>, make: (value: Value) => object): Record<string, object> =>
	Object.fromEntries(Object.entries(all).map(([name, value]) => [name, make(value)]));

type AnyPublish<Result> = (topic: TopicLike, event: string, data?: unknown) => Result;

/** Of two arguments the room is meant, of three another topic. */
function roomPublish<Result>(publish: Publish<Result>, room: Topic<never>) {
	const publishTo = publish as AnyPublish<Result>;
	return (...given: [string, unknown] | [TopicLike, string, unknown]): Result =>
		given.length === 3 ? publishTo(...given) : publishTo(room, ...given);
}

/** The context of a handler, in which `publish` is about the room. */
function inRoom(context: LiveContext, room: Topic<never>): LiveContext {
	return new Proxy(context, {
		// The context keeps its own state where a proxy cannot reach it.
		get: (target, property) =>
			property === 'publish'
				? roomPublish(target.publish, room)
				: (Reflect.get(target, property, target) as unknown),
		set: (target, property, value) => Reflect.set(target, property, value, target)
	});
}
