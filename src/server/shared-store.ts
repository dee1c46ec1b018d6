// What processes of an application agree on besides the logs of topics: small values with an expiry, counters, and who is
// in a group. Presence, leases, idempotency and rate limits stand on it and never know which backplane they run on. The
// store's own clock decides what has expired. What a method does to one key or member is atomic and takes a round trip or
// two. Every method rejects with UNAVAILABLE where the store cannot be reached: then it is not known whether it took place.

import type { MaybePromise } from '../base/maybe-promise.ts';

/** A value, and which one it is. */
export interface StoredValue {
	readonly value: string;
	/**
	 * Later values of a key have greater versions, also after it was removed or has expired, and even where the store was
	 * emptied (as far as its clock goes forward): it serves as a fencing token. A safe integer above 0.
	 */
	readonly version: number;
}

export interface PutOptions {
	/** After how many milliseconds it is gone by itself; null: never. */
	ttlMs: number | null;
	/** Only where this version is there; 0: only where there is none. @default whatever is there */
	version?: number;
}

export interface Addition {
	key: string;
	/** A whole number, also below 0; 0 only reads. */
	by: number;
	/** How long the counter lives from its first addition on, in milliseconds; then it begins with 0 again. */
	ttlMs: number;
}

export interface GroupMember {
	readonly member: string;
	readonly value: string;
}

export interface SharedStore {
	/** Null where there is no value, or where it has expired. */
	get(key: string): MaybePromise<StoredValue | null>;
	/** Returns the new version; null where another version than the one asked for is there, and then nothing changes. */
	put(key: string, value: string, options: PutOptions): MaybePromise<number | null>;
	/** Lets a version live on, from now, for `ttlMs`. Returns whether it was still there. */
	touch(key: string, version: number, ttlMs: number): MaybePromise<boolean>;
	/** Returns whether it was there. @param version only this one @default whichever is there */
	remove(key: string, version?: number): MaybePromise<boolean>;
	/** Adds to counters, all on one way, each by itself. Returns what they stand at, in the same order. */
	count(additions: readonly Addition[]): MaybePromise<number[]>;
	/**
	 * Puts a member into a group, or gives it another value.
	 * @param ttlMs after how many milliseconds it is gone by itself, from now; null: never
	 */
	enter(group: string, entry: GroupMember, ttlMs: number | null): MaybePromise<void>;
	/** Returns whether it was there. */
	leave(group: string, member: string): MaybePromise<boolean>;
	/** Who is in a group, in no particular order. */
	members(group: string): MaybePromise<GroupMember[]>;
}
