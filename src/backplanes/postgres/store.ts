// What processes share, in tables. The server's clock decides what has expired, read when a statement looks at a row
// and not when its transaction began. Invariant: each method is one statement.

import type { Addition, GroupMember, PutOptions, SharedStore, StoredValue } from '../../server/shared-store.ts';
import type { Row } from './client.ts';
import { arrayText, fromText, identifier, toText } from './text.ts';

type Parameter = string | number | null;

const LIVE = '(ends_at IS NULL OR ends_at > clock_timestamp())';
const NOW_VERSION = 'floor(extract(epoch FROM clock_timestamp()) * 1000000)::bigint';
const ends = (place: number): string => `clock_timestamp() + $${place}::float8 * interval '1 ms'`;

export class PostgresStore implements SharedStore {
	readonly #query: (text: string, parameters: readonly Parameter[]) => Promise<Row[]>;
	readonly #schema: string;

	constructor(query: (text: string, parameters: readonly Parameter[]) => Promise<Row[]>, schema: string) {
		this.#query = query;
		this.#schema = identifier(schema);
	}

	async get(key: string): Promise<StoredValue | null> {
		const text = `SELECT value, version FROM ${this.#schema}.value WHERE key = $1 AND value IS NOT NULL AND ${LIVE}`;
		const [row] = await this.#query(text, [toText(key)]);
		return row ? { value: fromText(row['value']), version: Number(row['version']) } : null;
	}

	async put(key: string, value: string, { ttlMs, version }: PutOptions): Promise<number | null> {
		const parameters = [toText(key), toText(value), ttlMs];
		if (version === undefined || version === 0) return this.#insert(parameters, version === 0);
		const [row] = await this.#query(
			`UPDATE ${this.#schema}.value SET value = $2, ends_at = ${ends(3)}, version = greatest(version + 1, ${NOW_VERSION})
			WHERE key = $1 AND version = $4::bigint AND value IS NOT NULL AND ${LIVE} RETURNING version`,
			[...parameters, version]
		);
		return row ? Number(row['version']) : null;
	}

	/** @param isNew only where there is no value */
	async #insert(parameters: readonly Parameter[], isNew: boolean): Promise<number | null> {
		const isFree = isNew ? 'WHERE v.value IS NULL OR v.ends_at <= clock_timestamp()' : '';
		const [row] = await this.#query(
			`INSERT INTO ${this.#schema}.value AS v (key, value, version, ends_at) VALUES ($1, $2, ${NOW_VERSION}, ${ends(3)})
			ON CONFLICT (key) DO UPDATE SET value = excluded.value, ends_at = excluded.ends_at,
				version = greatest(v.version + 1, excluded.version) ${isFree} RETURNING version`,
			parameters
		);
		return row ? Number(row['version']) : null;
	}

	async touch(key: string, version: number, ttlMs: number): Promise<boolean> {
		const rows = await this.#query(
			`UPDATE ${this.#schema}.value SET ends_at = ${ends(3)}
			WHERE key = $1 AND version = $2::bigint AND value IS NOT NULL AND ${LIVE} RETURNING version`,
			[toText(key), version, ttlMs]
		);
		return rows.length > 0;
	}

	/** The row stays for a while, so that the next version is greater than its own whatever the clock does. */
	async remove(key: string, version?: number): Promise<boolean> {
		const rows = await this.#query(
			`UPDATE ${this.#schema}.value SET value = NULL, ends_at = clock_timestamp()
			WHERE key = $1 AND ($2::bigint IS NULL OR version = $2::bigint) AND value IS NOT NULL AND ${LIVE} RETURNING version`,
			[toText(key), version ?? null]
		);
		return rows.length > 0;
	}

	async count(additions: readonly Addition[]): Promise<number[]> {
		if (additions.length === 0) return [];
		const counters = sumByKey(additions);
		// Counters are locked in the order of their keys, so that two calls never wait for each other.
		const rows = await this.#query(
			`WITH input AS (
				SELECT * FROM unnest($1::text::text[], $2::text::bigint[], $3::text::float8[]) AS i(key, by, ttl)
			), added AS (
				INSERT INTO ${this.#schema}.counter AS c (key, value, ends_at)
				SELECT key, by, clock_timestamp() + ttl * interval '1 ms' FROM input WHERE ttl >= 0 ORDER BY key
				ON CONFLICT (key) DO UPDATE SET
					value = excluded.value + CASE WHEN c.ends_at > clock_timestamp() THEN c.value ELSE 0 END,
					ends_at = CASE WHEN c.ends_at > clock_timestamp() THEN c.ends_at ELSE excluded.ends_at END
				RETURNING key, value
			)
			SELECT key, value FROM added UNION ALL SELECT key, value FROM ${this.#schema}.counter
			WHERE key IN (SELECT key FROM input WHERE ttl < 0) AND ends_at > clock_timestamp()`,
			[
				arrayText(counters.map(({ key }) => toText(key))),
				arrayText(counters.map(({ by }) => by)),
				arrayText(counters.map(({ ttlMs }) => ttlMs))
			]
		);
		const after = new Map(rows.map((row) => [fromText(row['key']), Number(row['value'])]));
		return runningCounts(additions, counters, after);
	}

	async enter(group: string, { member, value }: GroupMember, ttlMs: number | null): Promise<void> {
		await this.#query(
			`INSERT INTO ${this.#schema}.member ("group", member, value, ends_at) VALUES ($1, $2, $3, ${ends(4)})
			ON CONFLICT ("group", member) DO UPDATE SET value = excluded.value, ends_at = excluded.ends_at`,
			[toText(group), toText(member), toText(value), ttlMs]
		);
	}

	async leave(group: string, member: string): Promise<boolean> {
		const rows = await this.#query(
			`DELETE FROM ${this.#schema}.member WHERE "group" = $1 AND member = $2 RETURNING ${LIVE} AS live`,
			[toText(group), toText(member)]
		);
		return rows[0]?.['live'] === true;
	}

	async members(group: string): Promise<GroupMember[]> {
		const text = `SELECT member, value FROM ${this.#schema}.member WHERE "group" = $1 AND ${LIVE}`;
		const rows = await this.#query(text, [toText(group)]);
		return rows.map(({ member, value }) => ({ member: fromText(member), value: fromText(value) }));
	}
}

/** One row per counter: a statement changes a row once. @returns `ttlMs` -1 where a counter is only read */
function sumByKey(additions: readonly Addition[]): Addition[] {
	const sums = new Map<string, Addition>();
	for (const { key, by, ttlMs } of additions) {
		const sum = sums.get(key) ?? { key, by: 0, ttlMs: -1 };
		sums.set(key, { key, by: sum.by + by, ttlMs: sum.ttlMs < 0 && by !== 0 ? ttlMs : sum.ttlMs });
	}
	return [...sums.values()];
}

/** What each addition of several to one counter left behind. */
function runningCounts(
	additions: readonly Addition[],
	counters: readonly Addition[],
	after: ReadonlyMap<string, number>
): number[] {
	const now = new Map(counters.map(({ key, by }) => [key, (after.get(key) ?? 0) - by]));
	return additions.map(({ key, by }) => {
		const count = (now.get(key) ?? 0) + by;
		now.set(key, count);
		return count;
	});
}
