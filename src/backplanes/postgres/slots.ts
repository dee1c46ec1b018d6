// The publication and the slot that hold the changes of tables for us, made where they are missing.

import { codeOf, type PostgresClient, type Row } from './client.ts';
import type { ChangeMapping } from './change-mapping.ts';
import { identifier, literal } from './text.ts';

/** What `max_slot_wal_keep_size` makes of a slot whose reader fell too far behind. */
const LOST = 'lost';
/** SQLSTATEs of what somebody has made, before or just now. */
const ALREADY_THERE = new Set(['42710', '23505']);

/** How far the reader of a slot is behind. */
export interface SlotLag {
	/** Of the write-ahead log that the server keeps because they were not read. Null where there is no slot. */
	bytes: number | null;
	/** How many more bytes may be written before the slot is lost; null where `max_slot_wal_keep_size` sets no bound. */
	safeBytes: number | null;
	/** Whether any process reads it. */
	isRead: boolean;
}

export async function slotLag(client: PostgresClient, slot: string): Promise<SlotLag> {
	const [row] = await client.query(
		`SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), confirmed_flush_lsn) AS bytes, safe_wal_size AS safe, active
		FROM pg_replication_slots WHERE slot_name = $1`,
		[slot]
	);
	if (row === undefined) return { bytes: null, safeBytes: null, isRead: false };
	const count = (value: unknown): number | null => (value === null ? null : Number(value));
	return { bytes: count(row['bytes']), safeBytes: count(row['safe']), isRead: row['active'] === true };
}

/** @throws {Error} where the server or a table is not set up for it, saying what to do */
export async function preparePublication(
	client: PostgresClient,
	mapping: ChangeMapping,
	publication: string
): Promise<void> {
	const [level] = await client.query('SHOW wal_level');
	if (level?.['wal_level'] !== 'logical') {
		throw new Error(
			`tidewire: wal_level is "${String(level?.['wal_level'])}". Set wal_level = logical and restart the server, or use ` +
				`via: 'triggers'`
		);
	}
	await assertIdentities(client, mapping);
	await publish(client, mapping, publication);
}

/**
 * Makes a slot where there is none that can be read. Another process may do so at the same time.
 * @param breaks called before, as changes up to then may be missed; returns whether anybody has read any
 * @returns whether it made one, and some may be missed
 */
export async function makeSlot(client: PostgresClient, slot: string, breaks: () => Promise<boolean>): Promise<boolean> {
	const [known] = await client.query('SELECT wal_status FROM pg_replication_slots WHERE slot_name = $1', [slot]);
	const isLost = known?.['wal_status'] === LOST;
	if (known && !isLost) return false;
	const wasRead = await breaks();
	const where = `FROM pg_replication_slots WHERE slot_name = $1 AND wal_status = '${LOST}' AND NOT active`;
	if (isLost) await client.query(`SELECT pg_drop_replication_slot(slot_name) ${where}`, [slot]);
	const isMade = await unlessThere(client.query(`SELECT pg_create_logical_replication_slot($1, 'pgoutput')`, [slot]));
	return isMade && wasRead;
}

/** Returns whether it was made here, and not by another process just before. */
async function unlessThere(making: Promise<unknown>): Promise<boolean> {
	try {
		await making;
		return true;
	} catch (error) {
		if (ALREADY_THERE.has(codeOf(error))) return false;
		throw error;
	}
}

async function assertIdentities(client: PostgresClient, mapping: ChangeMapping): Promise<void> {
	for (const [table, { keyOnly = false }] of mapping.tables) {
		const [row] = await client.query(
			`SELECT relreplident AS identity FROM pg_class WHERE oid = to_regclass($1::text)`,
			[quoted(table)]
		);
		if (row === undefined) throw new Error(`tidewire: there is no table ${table}`);
		if (row['identity'] === 'f' || keyOnly) continue;
		throw new Error(
			`tidewire: of a row that is deleted the server tells only the key. Run ` +
				`ALTER TABLE ${quoted(table)} REPLICA IDENTITY FULL; or say keyOnly: true where the topic needs no more`
		);
	}
}

async function publish(client: PostgresClient, mapping: ChangeMapping, publication: string): Promise<void> {
	const known = await client.query('SELECT 1 FROM pg_publication WHERE pubname = $1', [publication]);
	const tables = mapping.tables.map(([table]) => table);
	if (known.length === 0) {
		const list = tables.map(quoted).join(', ');
		const kinds = `WITH (publish = 'insert, update, delete')`;
		const text = `CREATE PUBLICATION ${identifier(publication)} FOR TABLE ${list} ${kinds}`;
		if (await unlessThere(client.query(text))) return;
	}
	const rows = await client.query(
		`SELECT schemaname || '.' || tablename AS name FROM pg_publication_tables WHERE pubname = ${literal(publication)}`
	);
	const published = new Set(rows.map((row: Row) => String(row['name'])));
	for (const table of tables.filter((name) => !published.has(name))) {
		await unlessThere(client.query(`ALTER PUBLICATION ${identifier(publication)} ADD TABLE ${quoted(table)}`));
	}
}

const quoted = (table: string): string => table.split('.').map(identifier).join('.');
