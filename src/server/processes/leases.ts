// What only one process may do at a time. A lease is held as long as it is renewed, and its token is greater than that of
// every holder before: whatever it protects refuses a smaller one, so that a holder that was asleep does no harm when it
// wakes. Invariant: a holder considers a lease lost before anybody else can get it.

import type { Clock, Timer } from '../../base/clock.ts';
import type { SharedStore } from '../shared-store.ts';

export interface Lease {
	readonly name: string;
	/** Greater than that of every holder before. */
	readonly token: number;
	/** Aborted when the lease is lost or released. */
	readonly signal: AbortSignal;
	/** Whether nobody else can have it yet. Holds also where this process stood still, and no timer has run since. */
	readonly held: boolean;
	/** Lets the next one have it. */
	release(): Promise<void>;
}

export interface LeasesOptions {
	store: SharedStore;
	clock: Clock;
	/** Who holds them: the name of this process. */
	holder: string;
}

const DEFAULT_TTL_MS = 6_000;
/** The holder's clock may run slower than the store's. */
const MARGIN = 0.9;

export class Leases {
	readonly #options: LeasesOptions;

	constructor(options: LeasesOptions) {
		this.#options = options;
	}

	/**
	 * Takes a lease where nobody has it, else returns null.
	 * @param ttlMs how long it outlives a holder that is killed. Renewed three times as often
	 * @throws {LiveError} UNAVAILABLE where the store cannot be reached
	 */
	async acquire(name: string, ttlMs: number = DEFAULT_TTL_MS): Promise<Lease | null> {
		const { store, clock, holder } = this.#options;
		const key = `lease/${name}`;
		const askedMs = clock.now();
		const token = await store.put(key, holder, { ttlMs, version: 0 });
		if (token === null) return null;
		return new HeldLease(this.#options, { name, key, token, ttlMs, askedMs });
	}

	/** Who has it; null where nobody does. */
	async holderOf(name: string): Promise<string | null> {
		return (await this.#options.store.get(`lease/${name}`))?.value ?? null;
	}
}

interface Held {
	name: string;
	key: string;
	token: number;
	ttlMs: number;
	/** When it was asked for. */
	askedMs: number;
}

class HeldLease implements Lease {
	readonly name: string;
	readonly token: number;
	readonly #options: LeasesOptions;
	readonly #held: Held;
	readonly #ended = new AbortController();
	/** Until when nobody else can have it, by our clock: counted from when we asked, not from when we were answered. */
	#untilMs: number;
	#renewal: Timer;
	#end: Timer;

	constructor(options: LeasesOptions, held: Held) {
		this.name = held.name;
		this.token = held.token;
		this.#options = options;
		this.#held = held;
		this.#untilMs = held.askedMs + held.ttlMs * MARGIN;
		this.#schedule();
	}

	get signal(): AbortSignal {
		return this.#ended.signal;
	}

	get held(): boolean {
		if (!this.signal.aborted && this.#options.clock.now() >= this.#untilMs) this.#lose('not renewed in time');
		return !this.signal.aborted;
	}

	async release(): Promise<void> {
		if (this.signal.aborted) return;
		this.#lose('released');
		await this.#options.store.remove(this.#held.key, this.token);
	}

	#schedule(): void {
		const { clock } = this.#options;
		clock.clearTimer(this.#end);
		this.#end = clock.setTimer(() => this.#lose('not renewed in time'), this.#untilMs - clock.now());
		this.#renewal = clock.setTimer(() => void this.#renew(), this.#held.ttlMs / 3);
	}

	async #renew(): Promise<void> {
		const { store, clock } = this.#options;
		const { key, ttlMs } = this.#held;
		const askedMs = clock.now();
		try {
			const kept = await store.touch(key, this.token, ttlMs);
			if (!kept) this.#lose('taken over');
			else this.#untilMs = askedMs + ttlMs * MARGIN;
		} catch {
			// The store is away: the next attempt may come in time, else the lease ends by itself.
		}
		if (!this.signal.aborted) this.#schedule();
	}

	#lose(reason: string): void {
		const { clock } = this.#options;
		clock.clearTimer(this.#renewal);
		clock.clearTimer(this.#end);
		this.#ended.abort(new Error(`the lease "${this.name}" was ${reason}`));
	}
}
