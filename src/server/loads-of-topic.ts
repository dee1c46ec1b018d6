// The loads of one topic in this process: which of them others may share, and whom an invalidation concerns.

import type { EventBody } from '../protocol/stream.ts';
import { Gate } from './gate.ts';
import { KeptLoads } from './kept-loads.ts';
import type { SharedLoad } from './shared-load.ts';

/** Loads of a topic that an invalidation starts at the same time, where none can be shared. */
const PLACES = 16;

/** The loads of one topic that are under way, or kept for those who come back. */
export class LoadsOfTopic {
	/** By what they load; a later one takes the place of an earlier one. */
	readonly #shared = new Map<string, SharedLoad>();
	/** Those that have ended a moment ago. */
	readonly kept = new KeptLoads();
	/** For callers of a topic that all have to load for themselves. */
	readonly places = new Gate(PLACES);
	/** How many streams wait for each. */
	readonly #users = new Map<SharedLoad, number>();

	/** The load that others may share. */
	shared(key: string): SharedLoad | undefined {
		return this.#shared.get(key);
	}

	share(key: string, load: SharedLoad): void {
		this.#shared.set(key, load);
		const end = (): void => {
			if (this.#shared.get(key) === load) this.#shared.delete(key);
		};
		load.done.then(end, end);
	}

	/** What was loaded may be without what came just now: later streams load anew, those that wait once more. */
	invalidate(): void {
		this.#shared.clear();
		this.kept.clear();
		for (const load of this.#users.keys()) load.isStale = true;
	}

	/** Later streams load anew. */
	unshare(key: string): void {
		this.#shared.delete(key);
	}

	/** A stream waits for a load: until it lets go, the load collects what is broadcast. */
	hold(load: SharedLoad): void {
		this.#users.set(load, (this.#users.get(load) ?? 0) + 1);
	}

	letGo(load: SharedLoad): void {
		const users = (this.#users.get(load) ?? 1) - 1;
		if (users > 0) this.#users.set(load, users);
		else this.#users.delete(load);
	}

	collect(body: EventBody, conflationKey: string | null): void {
		for (const load of this.#users.keys()) load.collect(body, conflationKey);
	}
}
