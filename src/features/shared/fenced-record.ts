// What whoever leads remembers for its successor, in the store that all processes share. Only the holder of the newest
// lease changes it: each change names the version that it follows, and a record has the token of the lease under which it
// was written. Invariant: when `write` has resolved, no process with an older lease has written or will write.

import type { Clock } from '../../base/clock.ts';
import type { Lease } from '../../server/processes/leases.ts';
import type { SharedStore, StoredValue } from '../../server/shared-store.ts';
import { pause } from './pause.ts';

export interface RecordOptions {
	store: SharedStore;
	clock: Clock;
	lease: Lease;
	key: string;
}

interface Stored<Value> {
	token: number;
	value: Value;
}

/** Another process leads by now. */
class TakenOver extends Error {
	override readonly name = 'TakenOver';
}

export const isTakenOver = (error: unknown): boolean => error instanceof TakenOver;

const FIRST_WAIT_MS = 50;
const LAST_WAIT_MS = 1_000;

export class FencedRecord<Value> {
	readonly #options: RecordOptions;
	#version: number;
	#value: Value;

	private constructor(options: RecordOptions, version: number, value: Value) {
		this.#options = options;
		this.#version = version;
		this.#value = value;
	}

	/**
	 * Takes over a record under a lease.
	 * @param begin makes the value to go on with from what is there, or from null. Plain data
	 */
	static async claim<Value>(
		options: RecordOptions,
		begin: (former: Value | null) => Value | PromiseLike<Value>
	): Promise<FencedRecord<Value>> {
		const stored = await options.store.get(options.key);
		const former = stored && readStored<Value>(stored);
		if (former !== null && former.token > options.lease.token) throw new TakenOver(options.key);
		const value = await begin(former && former.value);
		const record = new FencedRecord<Value>(options, stored?.version ?? 0, value);
		await record.write(value);
		return record;
	}

	/** What was stored last, where nobody leads or somebody does; null where nothing ever was. */
	static async peek<Value>(store: SharedStore, key: string): Promise<Value | null> {
		const stored = await store.get(key);
		return stored && readStored<Value>(stored).value;
	}

	get value(): Value {
		return this.#value;
	}

	/**
	 * Returns when it is stored: tries again while the store is away, as long as the lease is held.
	 * @throws where another process has taken over, or the lease is lost: then it may be stored or not
	 */
	async write(value: Value): Promise<void> {
		const { lease } = this.#options;
		const text = JSON.stringify({ token: lease.token, value } satisfies Stored<Value>);
		for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(2 * waitMs, LAST_WAIT_MS)) {
			if (!lease.held) throw lease.signal.reason;
			if (await this.#attempt(text)) break;
			await pause(this.#options.clock, waitMs, lease.signal);
		}
		this.#value = value;
	}

	/** Returns false where it is not known whether it took place. */
	async #attempt(text: string): Promise<boolean> {
		const { store, key } = this.#options;
		try {
			const version = await store.put(key, text, { ttlMs: null, version: this.#version });
			this.#version = version ?? (await this.#versionOfOurs());
			return version !== null;
		} catch (error) {
			if (isTakenOver(error)) throw error;
			return false;
		}
	}

	/** An attempt of ours may have been stored without an answer: then it is under our own token, and goes before the next. */
	async #versionOfOurs(): Promise<number> {
		const { store, key, lease } = this.#options;
		const stored = await store.get(key);
		if (stored === null || readStored(stored).token !== lease.token) throw new TakenOver(key);
		return stored.version;
	}
}

const readStored = <Value>({ value }: StoredValue): Stored<Value> => JSON.parse(value) as Stored<Value>;
