// A Map whose entries end by themselves. What has ended is removed when it is met, and all of it whenever as much has
// been written as the map holds: no timer, and a constant cost per write.

import type { Clock } from '../../base/clock.ts';

interface Entry<Value> {
	readonly value: Value;
	readonly endsAtMs: number;
}

/** Fewer writes than this are not worth a sweep. */
const SWEEP_AFTER = 64;

export class ExpiringMap<Value> {
	readonly #clock: Pick<Clock, 'now'>;
	readonly #entries = new Map<string, Entry<Value>>();
	/** Writes until the next sweep. */
	#rest = SWEEP_AFTER;

	constructor(clock: Pick<Clock, 'now'>) {
		this.#clock = clock;
	}

	/** How many entries take up memory. */
	get size(): number {
		return this.#entries.size;
	}

	get(key: string): Value | undefined {
		return this.#live(key)?.value;
	}

	/** @param ttlMs null: it does not end */
	set(key: string, value: Value, ttlMs: number | null): void {
		this.#entries.set(key, { value, endsAtMs: this.#clock.now() + (ttlMs ?? Infinity) });
		if (--this.#rest === 0) this.#sweep();
	}

	/** Gives an entry another value; it ends when it would have. */
	replace(key: string, value: Value): void {
		const entry = this.#live(key);
		if (entry) this.#entries.set(key, { ...entry, value });
	}

	/** Returns whether there was an entry. */
	delete(key: string): boolean {
		return this.#live(key) !== undefined && this.#entries.delete(key);
	}

	entries(): [key: string, value: Value][] {
		this.#sweep();
		return [...this.#entries].map(([key, { value }]) => [key, value]);
	}

	#live(key: string): Entry<Value> | undefined {
		const entry = this.#entries.get(key);
		if (entry === undefined || entry.endsAtMs > this.#clock.now()) return entry;
		this.#entries.delete(key);
		return undefined;
	}

	#sweep(): void {
		const now = this.#clock.now();
		for (const [key, { endsAtMs }] of this.#entries) if (endsAtMs <= now) this.#entries.delete(key);
		this.#rest = Math.max(SWEEP_AFTER, this.#entries.size);
	}
}
