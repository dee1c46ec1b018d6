// What one process remembers for its features. Invariant: what has expired is never given out, and takes up memory no
// longer than until about as much has been written as is kept.

import { systemClock, type Clock } from '../../base/clock.ts';
import type { Addition, GroupMember, PutOptions, SharedStore, StoredValue } from '../../server/shared-store.ts';
import { ExpiringMap } from './expiring-map.ts';
import { nextVersion } from '../shared/next-version.ts';

export class MemoryStore implements SharedStore {
	readonly #clock: Pick<Clock, 'now' | 'wallTime'>;
	readonly #values: ExpiringMap<StoredValue>;
	readonly #counters: ExpiringMap<number>;
	readonly #groups = new Map<string, ExpiringMap<string>>();
	#version = 0;

	constructor(clock: Pick<Clock, 'now' | 'wallTime'> = systemClock) {
		this.#clock = clock;
		this.#values = new ExpiringMap(clock);
		this.#counters = new ExpiringMap(clock);
	}

	get(key: string): StoredValue | null {
		return this.#values.get(key) ?? null;
	}

	put(key: string, value: string, { ttlMs, version }: PutOptions): number | null {
		if (!this.#isAt(key, version)) return null;
		this.#version = nextVersion(this.#version, this.#clock.wallTime());
		this.#values.set(key, { value, version: this.#version }, ttlMs);
		return this.#version;
	}

	touch(key: string, version: number, ttlMs: number): boolean {
		const stored = this.#values.get(key);
		if (stored?.version !== version) return false;
		this.#values.set(key, stored, ttlMs);
		return true;
	}

	remove(key: string, version?: number): boolean {
		return this.#isAt(key, version) && this.#values.delete(key);
	}

	#isAt(key: string, version: number | undefined): boolean {
		return version === undefined || (this.#values.get(key)?.version ?? 0) === version;
	}

	count(additions: readonly Addition[]): number[] {
		return additions.map((addition) => this.#add(addition));
	}

	#add({ key, by, ttlMs }: Addition): number {
		const before = this.#counters.get(key);
		const after = (before ?? 0) + by;
		if (by === 0) return after;
		if (before === undefined) this.#counters.set(key, after, ttlMs);
		else this.#counters.replace(key, after);
		return after;
	}

	enter(group: string, { member, value }: GroupMember, ttlMs: number | null): void {
		let members = this.#groups.get(group);
		if (members === undefined) this.#groups.set(group, (members = new ExpiringMap(this.#clock)));
		members.set(member, value, ttlMs);
	}

	leave(group: string, member: string): boolean {
		const members = this.#groups.get(group);
		const was = members?.delete(member) ?? false;
		this.#forgetEmpty(group, members);
		return was;
	}

	members(group: string): GroupMember[] {
		const members = this.#groups.get(group);
		const all = [...(members?.entries() ?? [])].map(([member, value]) => ({ member, value }));
		this.#forgetEmpty(group, members);
		return all;
	}

	#forgetEmpty(group: string, members: ExpiringMap<string> | undefined): void {
		if (members?.size === 0) this.#groups.delete(group);
	}
}
