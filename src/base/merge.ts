// The ways in which events merge into a value, and the events that each of them knows, for the server, the client and
// the compiler.

export const MERGE_KINDS = ['crud', 'set', 'latest', 'presence', 'cursor'] as const;

/**
 * - `crud`: a list of rows by key; `created`, `updated`, `deleted`, and `set` to replace the list
 * - `set`: one value; `set` replaces it
 * - `latest`: the last `max` items; every event appends one, or replaces the one of the same key
 * - `presence`: who is here, by key; `join`, `leave`, `set`
 * - `cursor`: where they are, by key; `update`, `remove`, `set`
 */
export type MergeKind = (typeof MERGE_KINDS)[number];

/** How the client applies events to the value. */
export interface MergeSpec {
	kind: MergeKind;
	/** The field that identifies a row; with `latest` an item need not have it. Of no meaning with `set`. */
	key: string;
	/** Whether created rows go to the front. */
	prepend: boolean;
	/** The most rows that the value keeps; 0 for no bound. */
	max: number;
}

/** What an event removes is named by its key alone. */
type Keyed<Row, Key extends string> = Key extends keyof Row ? Pick<Row, Key> : Record<Key, string | number>;

/** The element of a list; what is no list has no rows. */
type RowOf<Value> = Value extends readonly (infer Row)[] ? Row : never;

/** Event names and the data that each carries, by kind of merge. */
interface EventsByMerge<Value, Key extends string> {
	crud: {
		created: RowOf<Value>;
		updated: RowOf<Value>;
		deleted: Keyed<RowOf<Value>, Key>;
		set: Value;
	};
	set: { set: Value };
	latest: Record<string, RowOf<Value>>;
	presence: { join: RowOf<Value>; leave: Keyed<RowOf<Value>, Key>; set: Value };
	cursor: { update: RowOf<Value>; remove: Keyed<RowOf<Value>, Key>; set: Value };
}

export type EventsOf<Kind extends MergeKind, Value, Key extends string> = EventsByMerge<Value, Key>[Kind];

/** The value of a stream that has no snapshot. */
export function initialValue(merge: MergeSpec): unknown {
	return merge.kind === 'set' ? undefined : [];
}
