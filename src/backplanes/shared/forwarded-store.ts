// A shared store that lives in another process: each method is one message there and one back.

import type { MaybePromise } from '../../base/maybe-promise.ts';
import type { Addition, GroupMember, PutOptions, SharedStore, StoredValue } from '../../server/shared-store.ts';

/** A method of a store with its arguments, as plain data. */
export type StoreCall = {
	[Method in keyof SharedStore]: [method: Method, ...args: Parameters<SharedStore[Method]>];
}[keyof SharedStore];

/** Does what was forwarded, where the store is. */
export function callStore(store: SharedStore, [method, ...args]: StoreCall): MaybePromise<unknown> {
	const run = store[method] as (...args: unknown[]) => MaybePromise<unknown>;
	return run.apply(store, args);
}

export class ForwardedStore implements SharedStore {
	readonly #forward: (call: StoreCall) => Promise<unknown>;

	/** @param forward has `callStore` run where the store is, and resolves to what it returned */
	constructor(forward: (call: StoreCall) => Promise<unknown>) {
		this.#forward = forward;
	}

	get(key: string): Promise<StoredValue | null> {
		return this.#call('get', key);
	}

	put(key: string, value: string, options: PutOptions): Promise<number | null> {
		return this.#call('put', key, value, options);
	}

	touch(key: string, version: number, ttlMs: number): Promise<boolean> {
		return this.#call('touch', key, version, ttlMs);
	}

	remove(key: string, version?: number): Promise<boolean> {
		return version === undefined ? this.#call('remove', key) : this.#call('remove', key, version);
	}

	count(additions: readonly Addition[]): Promise<number[]> {
		return this.#call('count', additions);
	}

	enter(group: string, entry: GroupMember, ttlMs: number | null): Promise<void> {
		return this.#call('enter', group, entry, ttlMs);
	}

	leave(group: string, member: string): Promise<boolean> {
		return this.#call('leave', group, member);
	}

	members(group: string): Promise<GroupMember[]> {
		return this.#call('members', group);
	}

	#call<Method extends keyof SharedStore>(
		method: Method,
		...args: Parameters<SharedStore[Method]>
	): Promise<Awaited<ReturnType<SharedStore[Method]>>> {
		return this.#forward([method, ...args] as unknown as StoreCall) as Promise<
			Awaited<ReturnType<SharedStore[Method]>>
		>;
	}
}
