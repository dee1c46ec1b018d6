// What processes share besides the logs. Invariant: each method is one script or one command, which runs alone; only counters
// of several buckets in a Cluster are one script per bucket.

import type { Addition, GroupMember, PutOptions, SharedStore, StoredValue } from '../../server/shared-store.ts';
import type { Connection } from './connection.ts';
import { readExact, writeExact } from '../shared/exact-text.ts';
import { bucketOf, type Keys } from './keys.ts';
import { COUNT, ENTER, LEAVE, MEMBERS, PUT, REMOVE, TOUCH } from './store-scripts.ts';

export interface StoreParts {
	readonly connection: Connection;
	readonly keys: Keys;
	readonly isCluster: boolean;
}

/** Redis counts whole milliseconds. */
const ttl = (ms: number | null): string => (ms === null ? '' : String(Math.max(1, Math.ceil(ms))));

export class RedisStore implements SharedStore {
	readonly #connection: Connection;
	readonly #keys: Keys;
	readonly #isCluster: boolean;

	constructor({ connection, keys, isCluster }: StoreParts) {
		this.#connection = connection;
		this.#keys = keys;
		this.#isCluster = isCluster;
	}

	async get(key: string): Promise<StoredValue | null> {
		const name = this.#keys.value(key);
		const [value, version] = (await this.#connection.send(['HMGET', name, 'v', 'n'], name)) as (string | null)[];
		return typeof value === 'string' ? { value: readExact(value), version: Number(version) } : null;
	}

	async put(key: string, value: string, { ttlMs, version }: PutOptions): Promise<number | null> {
		const keys = [this.#keys.value(key), this.#keys.version(key)];
		const args = [writeExact(value), ttl(ttlMs), version === undefined ? '' : String(version)];
		const written = await this.#connection.run(PUT, { keys, args });
		return written === null ? null : Number(written);
	}

	async touch(key: string, version: number, ttlMs: number): Promise<boolean> {
		const args = [String(version), ttl(ttlMs)];
		return (await this.#connection.run(TOUCH, { keys: [this.#keys.value(key)], args })) === 1;
	}

	async remove(key: string, version?: number): Promise<boolean> {
		const args = [version === undefined ? '' : String(version)];
		return (await this.#connection.run(REMOVE, { keys: [this.#keys.value(key)], args })) === 1;
	}

	async count(additions: readonly Addition[]): Promise<number[]> {
		const counts: number[] = [];
		const all = additions.map((addition, index) => ({ ...addition, index }));
		const groups = Map.groupBy(all, ({ key }) => (this.#isCluster ? bucketOf(key) : 0)).values();
		await Promise.all(Array.from(groups, (group) => this.#add(group, counts)));
		return counts;
	}

	async #add(additions: readonly (Addition & { index: number })[], counts: number[]): Promise<void> {
		const keys = additions.map(({ key }) => this.#keys.counter(key));
		const args = additions.flatMap(({ by, ttlMs }) => [String(by), ttl(ttlMs)]);
		const answer = (await this.#connection.run(COUNT, { keys, args })) as (string | number)[];
		for (const [at, { index }] of additions.entries()) counts[index] = Number(answer[at]);
	}

	async enter(group: string, { member, value }: GroupMember, ttlMs: number | null): Promise<void> {
		const args = [writeExact(member), writeExact(value), ttl(ttlMs)];
		await this.#connection.run(ENTER, { keys: this.#keys.group(group), args });
	}

	async leave(group: string, member: string): Promise<boolean> {
		const keys = this.#keys.group(group);
		return (await this.#connection.run(LEAVE, { keys, args: [writeExact(member)] })) === 1;
	}

	async members(group: string): Promise<GroupMember[]> {
		const answer = (await this.#connection.run(MEMBERS, { keys: this.#keys.group(group), args: [] })) as string[];
		const members: GroupMember[] = [];
		for (let index = 0; index < answer.length; index += 2) {
			members.push({ member: readExact(answer[index] ?? ''), value: readExact(answer[index + 1] ?? '') });
		}
		return members;
	}
}
