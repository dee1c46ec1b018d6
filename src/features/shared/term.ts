// The time during which this process is the one that does something. It ends in order, when the server or the module
// does, or at once, when the lease is lost: then whatever runs is aborted, because another process may go on with it.

import type { Lease } from '../../server/processes/leases.ts';

export class Term {
	readonly lease: Lease;
	readonly #leaving: AbortSignal;
	#busy = 0;

	/** @param leaving aborted when it is to end in order: what runs may finish, and nothing new begins */
	constructor(lease: Lease, leaving: AbortSignal) {
		this.lease = lease;
		this.#leaving = leaving;
	}

	/** Whether something new may begin. */
	get goesOn(): boolean {
		return !this.#leaving.aborted && this.lease.held;
	}

	/** Whether it is to end in order. */
	get leaves(): boolean {
		return this.#leaving.aborted;
	}

	/** Whether code of the application runs. */
	get busy(): boolean {
		return this.#busy > 0;
	}

	/** Runs when it is to end, in order or at once. Returns what takes it back. */
	onEnd(run: () => void): () => void {
		const signals = [this.#leaving, this.lease.signal];
		for (const signal of signals) {
			if (signal.aborted) run();
			else signal.addEventListener('abort', run, { once: true });
		}
		return () => {
			for (const signal of signals) signal.removeEventListener('abort', run);
		};
	}

	/** What `run` gives, unless the lease is lost first: then it rejects with the reason, and `run` may still be at it. */
	async during<Result>(run: () => Promise<Result>): Promise<Result> {
		const { signal } = this.lease;
		const lost = Promise.withResolvers<never>();
		const abort = (): void => lost.reject(signal.reason);
		this.#busy++;
		try {
			signal.throwIfAborted();
			signal.addEventListener('abort', abort);
			return await Promise.race([run(), lost.promise]);
		} finally {
			signal.removeEventListener('abort', abort);
			this.#busy--;
		}
	}
}
