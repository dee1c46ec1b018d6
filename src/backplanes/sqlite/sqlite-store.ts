// What one process remembers for its features, in the file of its history. Times are those of the wall, so that they hold
// across restarts. Invariant: what has expired is never given out, and is deleted as writes go on.

import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Clock } from '../../base/clock.ts';
import { LiveError } from '../../base/errors.ts';
import type { Addition, GroupMember, PutOptions, SharedStore, StoredValue } from '../../server/shared-store.ts';
import { nextVersion } from '../shared/next-version.ts';

const SCHEMA = `
	CREATE TABLE IF NOT EXISTS tidewire_value (
		key TEXT PRIMARY KEY,
		value TEXT NOT NULL,
		version INTEGER NOT NULL,
		ends_at INTEGER
	) STRICT, WITHOUT ROWID;
	CREATE TABLE IF NOT EXISTS tidewire_counter (
		key TEXT PRIMARY KEY,
		value INTEGER NOT NULL,
		ends_at INTEGER
	) STRICT, WITHOUT ROWID;
	CREATE TABLE IF NOT EXISTS tidewire_member (
		"group" TEXT NOT NULL,
		member TEXT NOT NULL,
		value TEXT NOT NULL,
		ends_at INTEGER,
		PRIMARY KEY ("group", member)
	) STRICT, WITHOUT ROWID;
	CREATE INDEX IF NOT EXISTS tidewire_value_end ON tidewire_value (ends_at) WHERE ends_at IS NOT NULL;
	CREATE INDEX IF NOT EXISTS tidewire_counter_end ON tidewire_counter (ends_at) WHERE ends_at IS NOT NULL;
	CREATE INDEX IF NOT EXISTS tidewire_member_end ON tidewire_member (ends_at) WHERE ends_at IS NOT NULL;
`;

/** What has expired is deleted once per this many writes. */
const SWEEP_EVERY = 256;
const LIVE = '(ends_at IS NULL OR ends_at > ?)';

export class SqliteStore implements SharedStore {
	readonly #clock: Pick<Clock, 'wallTime'>;
	readonly #statements = new Map<string, StatementSync>();
	#database: DatabaseSync | null = null;
	#version = 0;
	#writes = 0;

	constructor(clock: Pick<Clock, 'wallTime'>) {
		this.#clock = clock;
	}

	/** Makes the tables where they are missing. */
	open(database: DatabaseSync): void {
		database.exec(SCHEMA);
		this.#database = database;
		const { last } = this.#sql('SELECT max(version) AS last FROM tidewire_value').get() as { last: number | null };
		this.#version = last ?? 0;
	}

	close(): void {
		this.#statements.clear();
		this.#database = null;
	}

	get(key: string): StoredValue | null {
		const row = this.#sql(`SELECT value, version FROM tidewire_value WHERE key = ? AND ${LIVE}`).get(
			key,
			this.#now
		);
		return row ? { value: String(row['value']), version: Number(row['version']) } : null;
	}

	put(key: string, value: string, { ttlMs, version }: PutOptions): number | null {
		if (!this.#isAt(key, version)) return null;
		this.#version = nextVersion(this.#version, this.#now);
		const put = this.#sql(
			'INSERT OR REPLACE INTO tidewire_value (key, value, version, ends_at) VALUES (?, ?, ?, ?)'
		);
		put.run(key, value, this.#version, this.#end(ttlMs));
		this.#wrote();
		return this.#version;
	}

	touch(key: string, version: number, ttlMs: number): boolean {
		if (version === 0 || !this.#isAt(key, version)) return false;
		this.#sql('UPDATE tidewire_value SET ends_at = ? WHERE key = ?').run(this.#end(ttlMs), key);
		return true;
	}

	remove(key: string, version?: number): boolean {
		if (this.get(key) === null || !this.#isAt(key, version)) return false;
		this.#sql('DELETE FROM tidewire_value WHERE key = ?').run(key);
		return true;
	}

	#isAt(key: string, version: number | undefined): boolean {
		return version === undefined || (this.get(key)?.version ?? 0) === version;
	}

	count(additions: readonly Addition[]): number[] {
		const database = this.#opened;
		database.exec('BEGIN IMMEDIATE');
		try {
			const counts = additions.map((addition) => this.#add(addition));
			database.exec('COMMIT');
			return counts;
		} catch (error) {
			database.exec('ROLLBACK');
			throw error;
		}
	}

	#add({ key, by, ttlMs }: Addition): number {
		const row = this.#sql(`SELECT value FROM tidewire_counter WHERE key = ? AND ${LIVE}`).get(key, this.#now);
		const after = Number(row?.['value'] ?? 0) + by;
		if (by === 0) return after;
		if (row) {
			this.#sql('UPDATE tidewire_counter SET value = ? WHERE key = ?').run(after, key);
		} else {
			const add = this.#sql('INSERT OR REPLACE INTO tidewire_counter (key, value, ends_at) VALUES (?, ?, ?)');
			add.run(key, after, this.#end(ttlMs));
		}
		this.#wrote();
		return after;
	}

	enter(group: string, { member, value }: GroupMember, ttlMs: number | null): void {
		const enter = this.#sql(
			'INSERT OR REPLACE INTO tidewire_member ("group", member, value, ends_at) VALUES (?, ?, ?, ?)'
		);
		enter.run(group, member, value, this.#end(ttlMs));
		this.#wrote();
	}

	leave(group: string, member: string): boolean {
		const leave = this.#sql(`DELETE FROM tidewire_member WHERE "group" = ? AND member = ? AND ${LIVE}`);
		return leave.run(group, member, this.#now).changes > 0;
	}

	members(group: string): GroupMember[] {
		const members = this.#sql(`SELECT member, value FROM tidewire_member WHERE "group" = ? AND ${LIVE}`);
		return members
			.all(group, this.#now)
			.map(({ member, value }) => ({ member: String(member), value: String(value) }));
	}

	get #now(): number {
		return this.#clock.wallTime();
	}

	#end(ttlMs: number | null): number | null {
		return ttlMs === null ? null : Math.ceil(this.#now + ttlMs);
	}

	#wrote(): void {
		if (++this.#writes % SWEEP_EVERY > 0) return;
		for (const table of ['value', 'counter', 'member']) {
			this.#sql(`DELETE FROM tidewire_${table} WHERE ends_at <= ?`).run(this.#now);
		}
	}

	get #opened(): DatabaseSync {
		if (this.#database !== null) return this.#database;
		throw new LiveError('UNAVAILABLE', 'the history is not open');
	}

	#sql(text: string): StatementSync {
		let statement = this.#statements.get(text);
		if (statement === undefined) this.#statements.set(text, (statement = this.#opened.prepare(text)));
		return statement;
	}
}
