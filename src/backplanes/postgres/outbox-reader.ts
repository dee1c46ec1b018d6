// Takes what triggers put into the outbox: reads, appends and deletes in one transaction, so that each change is published
// once. Invariant: one process does so at a time, by a lock that ends with its transaction.

import type { ChangeEvent, ChangedRow, RowChange } from './change-mapping.ts';
import type { PostgresClient, RunQuery } from './client.ts';
import { arrayText, bodyToText, identifier, topicToText } from './text.ts';

const AT_ONCE = 1_000;

/** What waits in the outbox. */
export interface OutboxLag {
	/** How many changes. */
	changes: number;
	/** For how long the first of them has waited, in milliseconds. 0 where none does. */
	waitedMs: number;
	/** Whether this process takes them. */
	isRead: boolean;
}

export async function outboxLag(client: PostgresClient, schema: string): Promise<Omit<OutboxLag, 'isRead'>> {
	const [row] = await client.query(
		`SELECT count(*) AS changes, coalesce(extract(epoch FROM clock_timestamp() - min(at)), 0) * 1000 AS waited
		FROM ${identifier(schema)}.change`
	);
	return { changes: Number(row?.['changes']), waitedMs: Math.max(0, Number(row?.['waited'])) };
}

export class OutboxReader {
	readonly #client: PostgresClient;
	readonly #schema: string;
	readonly #eventsOf: (change: RowChange) => ChangeEvent[];
	#reading: Promise<void> | null = null;
	#isWoken = false;

	constructor(client: PostgresClient, schema: string, eventsOf: (change: RowChange) => ChangeEvent[]) {
		this.#client = client;
		this.#schema = schema;
		this.#eventsOf = eventsOf;
	}

	/** Takes everything that is there. @throws {QueryError} */
	read(): Promise<void> {
		this.#isWoken = true;
		this.#reading ??= this.#readAll();
		return this.#reading;
	}

	async #readAll(): Promise<void> {
		try {
			while (this.#isWoken) {
				this.#isWoken = false;
				const count = await this.#client.transaction((query) => this.#take(query));
				if (count === AT_ONCE) this.#isWoken = true;
			}
		} finally {
			this.#reading = null; // in the turn of the last look: who wakes it later begins anew
		}
	}

	/** Returns how many there were; 0 where another process is at it. */
	async #take(query: RunQuery): Promise<number> {
		const outbox = `${identifier(this.#schema)}.change`;
		const [lock] = await query('SELECT pg_try_advisory_xact_lock(hashtextextended($1::text, 0)) AS held', [outbox]);
		// Whoever has the lock may have read before our change was committed; it looks again where it took any.
		if (lock?.['held'] !== true) return 0;
		const rows = await query(
			`DELETE FROM ${outbox} WHERE id IN (SELECT id FROM ${outbox} ORDER BY id LIMIT ${AT_ONCE})
			RETURNING id, "table" AS name, old::text AS old, new::text AS current`
		);
		const events = rows
			.toSorted((one, other) => Number(one['id']) - Number(other['id']))
			.flatMap((row) => {
				const [old, current] = [readRow(row['old']), readRow(row['current'])];
				return this.#eventsOf({ table: String(row['name']), old, current, isInsert: old === null });
			});
		if (events.length > 0) await this.#append(query, events);
		return rows.length;
	}

	async #append(query: RunQuery, events: readonly ChangeEvent[]): Promise<void> {
		await query(`SELECT ${identifier(this.#schema)}.append_and_notify($1::text::text[], $2::text::text[])`, [
			arrayText(events.map(({ topic }) => topicToText(topic))),
			arrayText(events.map(({ body }) => bodyToText(body)))
		]);
	}
}

const readRow = (text: unknown): ChangedRow | null =>
	typeof text === 'string' ? (JSON.parse(text) as ChangedRow) : null;
