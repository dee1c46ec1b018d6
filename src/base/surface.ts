// What the exports of a live module look like to a component. The server's `live` functions return these types and the
// browser's stubs implement them, so a component sees the server's own types with no code generation.

import type { LiveError } from './errors.ts';
import type { EventsOf, MergeSpec } from './merge.ts';

declare const LIVE: unique symbol;

/** For the compiler alone: tells what a live module exports from a plain function, which has no such property at all. */
export interface LiveExport {
	readonly [LIVE]?: true;
}

/** A function that is none of those. */
export interface PlainFunction {
	readonly [LIVE]?: never;
}

/** A server function. Rejects with a LiveError. */
export interface LiveCall<Args extends unknown[], Result> extends LiveExport {
	(...args: Args): Promise<Result>;
}

/** A server function that changes nothing: identical calls that are under way at the same time share one request. */
export interface LiveQuery<Args extends unknown[], Result> extends LiveExport {
	(...args: Args): Promise<Result>;
	/** The same, with a request of its own. */
	fresh(...args: Args): Promise<Result>;
}

/** A server function that takes effect once per key, however often it is sent. Calls without a key get one of their own. */
export interface LiveIdempotent<Args extends unknown[], Result> extends LiveExport {
	(...args: Args): Promise<Result>;
	/** The same, with a key that names the request: 1 to 128 characters, the same for every attempt. */
	withKey(key: string, ...args: Args): Promise<Result>;
}

/** What `load` gives on the server and `hydrate` takes in the browser. Plain data. */
export interface LiveSnapshot<Value> {
	value: Value;
	/** Where the value stands in the topic's log; null on an ephemeral topic. */
	position: { epoch: string; offset: number } | null;
	merge: MergeSpec;
	/** Names the rows behind those of the value; null or absent where there are none. */
	cursor?: string | null | undefined;
	/** Of the rows; absent where the stream has no versions. */
	version?: number;
}

/** A stream as a component uses it: reactive properties, a promise, an async iterable and a store, all in one. */
export interface LiveResource<Value, Events> extends PromiseLike<Value>, AsyncIterable<Value> {
	/** The value now; undefined until the first one arrives. */
	readonly current: Value | undefined;
	/** Whether `current` has a value. */
	readonly ready: boolean;
	/** Whether the first value is on its way. */
	readonly loading: boolean;
	/** Why there is no value, or why it is no longer kept current; undefined while all is well. */
	readonly error: LiveError | undefined;
	/** Whether the value is being kept current now. */
	readonly connected: boolean;
	/** The contract of a Svelte store: `$resource` is `current`. */
	subscribe(run: (value: Value | undefined) => void): () => void;
	/** Starts from what the server loaded while it rendered the page. Returns the resource. */
	hydrate(snapshot: LiveSnapshot<Value>): this;
	/** Applies an event at once, before the server knows of it. Returns what takes it back. */
	optimistic<Name extends keyof Events & string>(event: Name, data: Events[Name]): () => void;
	/**
	 * Applies an event at once and runs `run`; when that settles the server's own events take over, and where it rejects
	 * the event is taken back.
	 */
	mutate<Name extends keyof Events & string, Result>(
		event: Name,
		data: Events[Name],
		run: () => Promise<Result>
	): Promise<Result>;
	/** Loads the value anew. Of a stream that is loaded in pages it has the first one then. */
	refresh(): Promise<void>;
	/** Whether there are rows that were not loaded. */
	readonly hasMore: boolean;
	/**
	 * Loads the next page, where there is one; while it is on its way, others who ask wait for the same one. Its rows come at
	 * the end of the list, and where created rows do (`prepend: false`) at the front. Rejects with a LiveError.
	 */
	loadMore(): Promise<void>;
}

/** The part of a stream that the browser has. A stream without arguments is also its own only resource. */
export type LiveStreamFactory<Args extends unknown[], Value, Events> = LiveExport &
	((...args: Args) => LiveResource<Value, Events>) &
	([] extends Args ? LiveResource<Value, Events> : unknown);

/** Who is here, as a component uses it. */
export interface LivePresenceResource<Person, Change> extends LiveResource<
	Person[],
	EventsOf<'presence', Person[], 'key'>
> {
	/** Changes what is shown of the page's own user, where the server allows it. Rejects with a LiveError. */
	update(change: Change): Promise<void>;
}

export type LivePresenceFactory<Args extends unknown[], Person, Change> = ((
	...args: Args
) => LivePresenceResource<Person, Change>) &
	([] extends Args ? LivePresenceResource<Person, Change> : unknown);

/** Where the others point, as a component uses it. */
export interface LiveCursorsResource<Cursor, Place> extends LiveResource<
	Cursor[],
	EventsOf<'cursor', Cursor[], 'key'>
> {
	/** Tells the others where the page's own user points; null takes the cursor away. As often as you like. */
	move(place: Place | null): void;
}

export type LiveCursorsFactory<Args extends unknown[], Cursor, Place> = ((
	...args: Args
) => LiveCursorsResource<Cursor, Place>) &
	([] extends Args ? LiveCursorsResource<Cursor, Place> : unknown);
