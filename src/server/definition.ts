// What `live` and its relatives make: a definition that the registry knows by path. The function or object that a module
// exports carries it under a symbol that is the same in every copy of this package, since `vite dev` loads two.

import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { MaybePromise } from '../base/maybe-promise.ts';
import type { MergeSpec } from '../base/merge.ts';
import type { DataVersion } from '../protocol/stream.ts';
import type { TopicParts } from '../protocol/topic.ts';
import type { LiveContext } from './context.ts';
import type { Converse } from './conversation.ts';
import type { Priority } from './overload.ts';
import type { ServiceDefinition } from './service.ts';
import type { Topic } from './topic.ts';
import type { View } from './views/view.ts';

export const DEFINITION = Symbol.for('tidewire.definition');
const MEMBERS = Symbol.for('tidewire.members');
/** Where an export keeps the path under which it was registered. */
export const PATH = Symbol.for('tidewire.path');

/** The path under which an export was registered; undefined before that. */
export const registeredPath = (target: object): string | undefined => (target as { [PATH]?: string })[PATH];

/** Where the service of an export runs that others may show, too: under its own path, else under the first that was registered. */
export function sharedHome(own: () => object): (path: string) => string {
	let first: string | undefined;
	return (path) => registeredPath(own()) ?? (first ??= path);
}

/** Runs before a function. Throws to refuse; may add fields to the context for what comes after. */
export type Guard = (context: LiveContext) => MaybePromise<unknown>;

/** Wraps a function. Calls `next` to go on, and returns what it returned or something else. */
export type Middleware = (context: LiveContext, next: () => Promise<unknown>) => MaybePromise<unknown>;

// Arguments come from the network: a definition sees them as `unknown`, and the author's types stand in `live.ts`.
export type Handler<Result = unknown> = (context: LiveContext, ...args: unknown[]) => MaybePromise<Result>;

export interface CallDefinition {
	readonly kind: 'call';
	readonly handler: Handler;
	/** One schema per argument; null where the arguments are not validated. */
	readonly schemas: readonly StandardSchemaV1[] | null;
	/** How long the answer to a key is kept; null where calls have no key. */
	readonly once: { readonly keepMs: number } | null;
	/** What runs before the guards of its module. @default nothing */
	readonly before?: readonly Guard[];
	/** When it is refused where the process cannot keep up. @default 'normal' */
	readonly priority?: Priority;
	/** What it does besides answering once. @default nothing */
	readonly converse?: Converse;
	/** How long it may take to get further, in milliseconds. @default the limit `callTimeoutMs` */
	readonly idleMs?: number | undefined;
	/** Whether it takes calls that nobody waits for. @default false */
	readonly volatile?: boolean;
	/** Whether it runs another function in its caller's name, so that middleware is for that one to ask. @default false */
	readonly isInner?: boolean;
}

export interface StreamDefinition {
	readonly kind: 'stream';
	readonly topic: Handler<TopicParts> | TopicParts;
	/** The snapshot; null for a channel, which has none. */
	readonly load: Handler | null;
	readonly merge: MergeSpec;
	readonly ephemeral: boolean;
	readonly access: Handler<boolean> | null;
	readonly schemas: readonly StandardSchemaV1[] | null;
	readonly onSubscribe: StreamHook | null;
	readonly onUnsubscribe: StreamHook | null;
	/** What runs before the guards of its module. @default nothing */
	readonly before?: readonly Guard[];
	/** When it is refused where the process cannot keep up. @default 'normal' */
	readonly priority?: Priority;
	/** @default null: who cannot resume gets the whole value */
	readonly delta?: Delta | null;
	/** The shapes that its rows have had. @default null: they had no other */
	readonly versions?: Versions | null;
	/** What becomes of its rows on their way out. @default null: they leave as they are */
	readonly view?: View | null;
	/** Whether it is there for a caller; where it is not, the value stays undefined. @default null: it is */
	readonly gate?: Handler<boolean> | null;
	/** What keeps it current by itself. @default nothing does */
	readonly service?: ServiceDefinition;
}

/** How a stream tells what has changed since a state of its data. */
export interface Delta {
	readonly version: Handler<DataVersion>;
	/** Null where only the whole value helps. */
	readonly diff: (
		context: LiveContext,
		since: DataVersion,
		...args: unknown[]
	) => MaybePromise<{ upserted?: readonly unknown[]; deleted?: readonly unknown[] } | null>;
}

/** Makes of a row one of the version before. */
export type MigrateRow = (row: unknown) => unknown;

export interface Versions {
	/** Of the rows as they are. */
	readonly current: number;
	/** By the version that they make. */
	readonly migrate: ReadonlyMap<number, MigrateRow>;
}

/** Runs when a client begins or ends to read a stream. */
type StreamHook = (context: LiveContext, topic: Topic, ...args: unknown[]) => MaybePromise<unknown>;

interface GuardDefinition {
	readonly kind: 'guard';
	readonly guards: readonly Guard[];
}

export type Definition = CallDefinition | StreamDefinition | ServiceDefinition | GuardDefinition;

/** Marks what a live module exports. */
export function define<Export extends object>(target: Export, definition: Definition): Export {
	Object.defineProperty(target, DEFINITION, { value: definition });
	return target;
}

/** Gives an export functions of its own, each with a path below its own: `lib/board/room/addCard`. */
export function defineMembers<Export extends object>(target: Export, members: Record<string, object>): Export {
	Object.defineProperty(target, MEMBERS, { value: members });
	return target;
}

/** The exports of a module by name, and after each its members, as `export/member`. */
export function withMembers(exports: Record<string, unknown>): Record<string, unknown> {
	const all: Record<string, unknown> = {};
	for (const [name, value] of Object.entries(exports)) {
		const members = (value as { [MEMBERS]?: Record<string, object> } | null | undefined)?.[MEMBERS];
		if (members === undefined || definitionOf(value) !== undefined) all[name] = value;
		for (const [member, each] of Object.entries(withMembers(members ?? {}))) all[`${name}/${member}`] = each;
	}
	return all;
}

/** The definition of an export; undefined where it is nothing of ours. */
export function definitionOf(value: unknown): Definition | undefined {
	const isObject = (typeof value === 'object' && value !== null) || typeof value === 'function';
	return isObject ? (value as { [DEFINITION]?: Definition })[DEFINITION] : undefined;
}
