// What processes share, in a bucket of NATS: a key each for a value, a counter and a member of a group. Versions follow the
// server's clock and count on from the last one under the key, which stays for a while after it ended: so they grow also
// where the bucket was lost or put back from a copy.

import type { Addition, GroupMember, PutOptions, SharedStore, StoredValue } from '../../server/shared-store.ts';
import { nextVersion } from '../shared/next-version.ts';
import { Counters } from './counters.ts';
import { tokenOf } from './names.ts';
import type { Place, Records } from './records.ts';

const GONE = { value: '', ttlMs: null, endsAt: 0 } as const;

export class NatsStore implements SharedStore {
	readonly #records: Records;
	readonly #counters: Counters;

	constructor(records: Records) {
		this.#records = records;
		this.#counters = new Counters(records);
	}

	async get(key: string): Promise<StoredValue | null> {
		const record = await this.#records.get(valueAt(key));
		return record && { value: record.value, version: record.version };
	}

	async put(key: string, value: string, { ttlMs, version }: PutOptions): Promise<number | null> {
		const content = await this.#records.change(valueAt(key), ({ live, last, now }) => {
			if (version !== undefined && (live?.version ?? 0) !== version) return null;
			return { value, version: nextVersion(last?.version ?? 0, now), ttlMs, endsAt: null };
		});
		return content && content.version;
	}

	async touch(key: string, version: number, ttlMs: number): Promise<boolean> {
		const content = await this.#records.change(valueAt(key), ({ live }) =>
			live?.version === version ? { value: live.value, version, ttlMs, endsAt: null } : null
		);
		return content !== null;
	}

	async remove(key: string, version?: number): Promise<boolean> {
		const content = await this.#records.change(valueAt(key), ({ live }) =>
			live === null || live.version !== (version ?? live.version) ? null : { ...GONE, version: live.version }
		);
		return content !== null;
	}

	/** Each counter for itself: NATS changes one key at a time. Where one fails, others may have been added to. */
	count(additions: readonly Addition[]): Promise<number[]> {
		return Promise.all(additions.map((addition) => this.#counters.add(addition)));
	}

	async enter(group: string, { member, value }: GroupMember, ttlMs: number | null): Promise<void> {
		await this.#records.put(memberAt(group, member), { value, version: 0, ttlMs, endsAt: null });
	}

	leave(group: string, member: string): Promise<boolean> {
		return this.#records.delete(memberAt(group, member));
	}

	async members(group: string): Promise<GroupMember[]> {
		const records = await this.#records.list(`member.${tokenOf(group)}.*`);
		return records.flatMap(({ name, value }) => {
			const [of, member] = JSON.parse(name) as [string, string];
			return of === group ? [{ member, value }] : [];
		});
	}
}

const valueAt = (key: string): Place => ({ key: `value.${tokenOf(key)}`, name: key });

const memberAt = (group: string, member: string): Place => ({
	key: `member.${tokenOf(group)}.${tokenOf(member)}`,
	name: JSON.stringify([group, member])
});
