// The places of one group: how many each process has given out, in one value of the store that is changed by comparing. So
// no more are given out than there are, and those of a process that was killed are free as soon as it is missed. Each process
// writes how many it has, not by how many that changes: what is not known to have been written is written again.

import type { ServerParts } from '../../server/server-parts.ts';
import type { StoredValue } from '../../server/shared-store.ts';

/** By role. */
export type RoleCounts = Record<string, number>;

interface Ledger {
	closed: boolean;
	/** Another one each time the group is opened: who was in it before is not in it any more. 0 where it was never closed. */
	round: number;
	/** By process. */
	counts: Record<string, RoleCounts>;
}

/** How long it is known that a group is, or was, closed. */
const CLOSED_MS = 7 * 24 * 60 * 60 * 1_000;

export class Places {
	readonly #parts: ServerParts;
	readonly #key: string;

	/** @param name the name of the group */
	constructor(parts: ServerParts, name: string) {
		this.#parts = parts;
		this.#key = `group/${name}`;
	}

	/**
	 * Writes what this process has given out; null where the group is closed, and then it has none.
	 * @param decide what to write, by how many places other processes that live have given out, and by the round. Called again
	 *   where another process was faster
	 * @throws {LiveError} UNAVAILABLE where the store cannot be reached: then it is not known what is written
	 */
	async write(decide: (others: number, round: number) => RoleCounts): Promise<'written' | 'closed'> {
		const { store } = this.#parts.backplane;
		const self = this.#parts.process.roster.id;
		for (;;) {
			const stored = await store.get(this.#key);
			const { closed, round, counts } = await this.#alive(stored?.value);
			if (closed) return 'closed';
			const { [self]: _, ...others } = counts;
			const own = decide(sum(Object.values(others).flatMap((roles) => Object.values(roles))), round);
			const next = sum(Object.values(own)) > 0 ? { ...counts, [self]: own } : others;
			if (await this.#replace(stored, { closed, round, counts: next })) return 'written';
		}
	}

	/** How many are in it, on all processes that live. @param role of this role only */
	async count(role?: string): Promise<number> {
		const { counts } = await this.#alive((await this.#parts.backplane.store.get(this.#key))?.value);
		const of = (roles: RoleCounts): number =>
			role === undefined ? sum(Object.values(roles)) : (new Map(Object.entries(roles)).get(role) ?? 0);
		return sum(Object.values(counts).map(of));
	}

	/** Returns whether it was open. */
	async close(): Promise<boolean> {
		const { store } = this.#parts.backplane;
		for (;;) {
			const stored = await store.get(this.#key);
			if (stored !== null && parse(stored.value).closed) return false;
			const closed = JSON.stringify({ closed: true, round: 0, counts: {} } satisfies Ledger);
			const put = await store.put(this.#key, closed, { ttlMs: CLOSED_MS, version: stored?.version ?? 0 });
			if (put !== null) return true;
		}
	}

	/** Opens a group that was closed, with nobody in it. */
	async open(): Promise<void> {
		const { store } = this.#parts.backplane;
		const stored = await store.get(this.#key);
		if (stored === null || !parse(stored.value).closed) return;
		await this.#replace(stored, { closed: false, round: stored.version, counts: {} }); // else somebody else has opened it
	}

	async #alive(value: string | undefined): Promise<Ledger> {
		const ledger = value === undefined ? { closed: false, round: 0, counts: {} } : parse(value);
		for (const process of Object.keys(ledger.counts)) {
			if (!(await this.#parts.process.roster.isAlive(process))) delete ledger.counts[process];
		}
		return ledger;
	}

	/** Returns whether it was not changed meanwhile. An empty group takes up nothing, but for a while after it was closed. */
	async #replace(stored: StoredValue | null, ledger: Ledger): Promise<boolean> {
		const { store } = this.#parts.backplane;
		const version = stored?.version ?? 0;
		const isEmpty = Object.keys(ledger.counts).length === 0;
		if (isEmpty && ledger.round === 0) return stored === null || store.remove(this.#key, version);
		const value = JSON.stringify(ledger);
		if (value === stored?.value) return true;
		return (await store.put(this.#key, value, { ttlMs: isEmpty ? CLOSED_MS : null, version })) !== null;
	}
}

const parse = (value: string): Ledger => JSON.parse(value) as Ledger; // only this file writes it

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
