// The types of `live.room`: what an author says of a room, and what its export gives.

import type { MaybePromise } from '../../base/maybe-promise.ts';
import type { EventsOf, MergeKind } from '../../base/merge.ts';
import type { LiveCall } from '../../base/surface.ts';
import type { TopicParts } from '../../protocol/topic.ts';
import type { LiveContext } from '../../server/context.ts';
import type { LiveStream } from '../../server/define-stream.ts';
import type { Schema } from '../../server/validate.ts';
import type { Topic } from '../../server/topic.ts';
import type { Cursor, CursorsOptions, LiveCursors } from '../cursors/cursors.ts';
import type { LivePresence, Present, PresenceOptions } from '../presence/presence.ts';
import type { ArgsOf, Run } from '../shared/stream-parts.ts';

interface RoomPublish<Events, Result> {
	/** Publishes to the room's data. */
	<Name extends keyof Events & string>(event: Name, data: Events[Name]): Result;
	/** Publishes to another topic. */
	<Others, Name extends keyof Others & string>(topic: Topic<Others>, event: Name, data: Others[Name]): Result;
	(topic: TopicParts, event: string, data: unknown): Result;
}

/** What an action of a room is given: `publish` is about the room. */
export type RoomContext<Events> = Omit<LiveContext, 'publish'> & { readonly publish: RoomPublish<Events, void> };

/** What a hook of a room is given, when nobody may be there who calls. */
export interface RoomHookContext<Events> {
	/** Resolves when the event is in the log. */
	readonly publish: RoomPublish<Events, Promise<void>>;
}

/** A function of the room's arguments and others. */
type Action<Args extends unknown[], Events> = (
	context: RoomContext<Events>,
	...args: [...Args, ...never[]]
) => MaybePromise<unknown>;

type RoomHook<Args extends unknown[], Events, Data> = (
	context: RoomHookContext<Events>,
	person: Present<Data>,
	...args: Args
) => MaybePromise<unknown>;

/** What the room says for its parts. */
type Shared = 'args' | 'access' | 'onJoin' | 'onLeave';

interface PresencePart<Args extends unknown[], Data, Change> extends Omit<PresenceOptions<Args, Data, Change>, Shared> {
	/** What is shown of somebody; null for somebody who only looks. */
	data: Run<Args, Data | null>;
}

/** Where everybody points: with places `{ x, y }`, or with options. */
type CursorsPart<Args extends unknown[], Shown, Input, Place> =
	| true
	| Omit<CursorsOptions<Args, Shown, Input, Place>, Shared>;

/** The events of the room's data. */
export type RoomEvents<Kind extends MergeKind, Result, Key extends string> = EventsOf<Kind, Awaited<Result>, Key>;

/** The data of a room, and who may use it. */
export interface RoomData<Source, Result, Kind extends MergeKind, Key extends string> {
	/** What the room is known by: a name, parts, or a function of the arguments. */
	topic: Source;
	/** The room's data. */
	init: Run<ArgsOf<Source>, Result>;
	/** How events merge into the data. @default 'crud' */
	merge?: Kind;
	/** The field that identifies a row of the data. @default 'id' */
	key?: Key;
	/** Whether created rows go to the front. @default false */
	prepend?: boolean;
	/** The most rows that a client keeps; 0 for no bound. @default 0; for `latest` 50 */
	max?: number;
	/** Standard Schemas, one for each argument of the room. @default the arguments are not validated */
	args?: readonly Schema<unknown, unknown>[];
	/** Runs before everything in the room. Throws to refuse, or returns false for FORBIDDEN. */
	guard?: Run<ArgsOf<Source>, unknown>;
}

/** Who is in a room. */
export interface RoomPresence<Args extends unknown[], Data, Change, Events> {
	/** What is shown of somebody who is here, alone or with options. @default nobody is told */
	presence?: Run<Args, Data | null> | PresencePart<Args, Data, Change>;
	/** Somebody is here who was not. Needs `presence`. */
	onJoin?: RoomHook<Args, NoInfer<Events>, NoInfer<Data>>;
	/** Somebody's last connection is gone. Needs `presence`. */
	onLeave?: RoomHook<Args, NoInfer<Events>, NoInfer<Data>>;
}

export interface RoomCursors<Args extends unknown[], Shown, Input, Place, Pointing> {
	/** Where everybody points: with places `{ x, y }`, or with options. @default nobody is told */
	cursors?: Pointing & CursorsPart<Args, Shown, Input, Place>;
}

export interface RoomActions<Args extends unknown[], Events, All, Calls> {
	/** What can be done in the room: functions that are given the room's arguments first. */
	actions?: All & Record<string, Action<Args, Events>>;
	/** The same, made by `live.validated` and its relatives, whose first arguments are the room's. */
	calls?: Calls & Record<string, LiveCall<never[], unknown>>;
}

/** An action as the browser calls it: with the room's arguments first, also where the action looks at fewer. */
type CallOf<One, Args extends unknown[]> = One extends (context: never, ...args: infer All) => infer Result
	? LiveCall<All extends [...Args, ...infer Rest] ? [...Args, ...Rest] : Args, Awaited<Result>>
	: never;

type MembersOf<Args extends unknown[], All> = { readonly [Name in keyof All]: CallOf<All[Name], Args> };

/** What a live module exports for a room. In the browser only the calling parts exist. */
export type LiveRoom<Args extends unknown[], Value, Events, Presence, Cursors, All, Calls> = {
	readonly data: LiveStream<Args, Value, Events>;
} & ([Presence] extends [never] ? unknown : { readonly presence: Presence }) &
	(unknown extends Cursors ? unknown : { readonly cursors: Cursors }) &
	(unknown extends All ? unknown : MembersOf<Args, All>) &
	(unknown extends Calls ? unknown : Readonly<Calls>);

/** The member `presence`, where it is declared. */
export type PresenceMember<Args extends unknown[], Data, Change> = [Data] extends [never]
	? never
	: LivePresence<Args, Data, Change>;

/** The member `cursors`, where it is declared. */
export type CursorsMember<Args extends unknown[], Shown, Input, Place, Pointing> = unknown extends Pointing
	? unknown
	: LiveCursors<Args, Cursor<Place, Shown>, Input>;
