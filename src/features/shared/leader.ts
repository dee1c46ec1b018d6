// Makes sure that one process of the application does something at a time, and that another one takes over when it ends.
// Every process that could do it runs a leader of the same name; whoever gets the lease leads.

import type { Clock } from '../../base/clock.ts';
import type { Lease, Leases } from '../../server/processes/leases.ts';
import { Bell } from './bell.ts';
import { isTakenOver } from './fenced-record.ts';
import { Term } from './term.ts';

export interface LeaderOptions {
	/** What is led: the same on all processes. */
	name: string;
	leases: Leases;
	clock: Clock;
	/** Runs while this process has the lease, and returns when the term is to end. Where it throws, it is tried again. */
	lead: (term: Term) => Promise<void>;
	onError: (error: unknown) => void;
}

/** How often a process asks for a lease that another one has. Together with the life of a lease, the longest gap. */
const RETRY_MS = 2_000;

export class Leader {
	readonly #options: LeaderOptions;
	readonly #bell: Bell;
	readonly #leaving = new AbortController();
	#term: Term | null = null;
	/** The end of the term's lease, once it was begun: whoever stops waits until the next one can have it. */
	#releasing: Promise<void> | null = null;
	#running: Promise<void> | null = null;
	/** Whether the lease could not be asked for the last time. */
	#failing = false;
	#interrupted = false;

	constructor(options: LeaderOptions) {
		this.#options = options;
		this.#bell = new Bell(options.clock);
	}

	start(): void {
		this.#running ??= this.#run();
	}

	/** Ends it, and lets another process lead. Returns whether everything that ran could finish before `hurry`. */
	async stop(hurry: AbortSignal): Promise<boolean> {
		this.#leaving.abort();
		this.#bell.ring();
		const abort = (): void => this.#abort();
		if (hurry.aborted) abort();
		else hurry.addEventListener('abort', abort, { once: true });
		await this.#running;
		hurry.removeEventListener('abort', abort);
		return !this.#interrupted;
	}

	#abort(): void {
		if (this.#term === null) return;
		this.#interrupted = this.#term.busy;
		void this.#release(this.#term.lease);
	}

	async #run(): Promise<void> {
		const { signal } = this.#leaving;
		while (!signal.aborted) {
			const lease = await this.#acquire();
			if (lease !== null) await this.#lead(lease);
			if (!signal.aborted) await this.#bell.wait(RETRY_MS);
		}
	}

	async #acquire(): Promise<Lease | null> {
		const { leases, name, onError } = this.#options;
		try {
			const lease = await leases.acquire(name);
			this.#failing = false;
			return lease;
		} catch (error) {
			if (!this.#failing) onError(error); // once, however long it lasts
			this.#failing = true;
			return null;
		}
	}

	async #lead(lease: Lease): Promise<void> {
		this.#releasing = null;
		this.#term = new Term(lease, this.#leaving.signal);
		try {
			await this.#options.lead(this.#term);
		} catch (error) {
			if (!isTakenOver(error) && error !== lease.signal.reason) this.#options.onError(error);
		}
		this.#term = null;
		await this.#release(lease);
	}

	#release(lease: Lease): Promise<void> {
		// It ends by itself where that fails.
		this.#releasing ??= lease.release().catch((error: unknown) => this.#options.onError(error));
		return this.#releasing;
	}
}
