// The numbered steps from an empty schema to the one that this version uses. Each is applied once, in its order, by one
// process at a time. A step that was released is never changed: a new one follows it.

import type { PostgresClient, RunQuery } from './client.ts';
import { CHANGE_MIGRATION } from './change-migration.ts';
import { FIRST_MIGRATION } from './first-migration.ts';
import { identifier, literal } from './text.ts';

const MIGRATIONS: readonly string[] = [FIRST_MIGRATION, CHANGE_MIGRATION];

/** NAMEDATALEN - 1: PostgreSQL would cut a longer one. A channel has the schema's name. */
const MAX_NAME_BYTES = 63;

/** @throws {TypeError} for a name that no schema can have */
export function assertSchemaName(schema: string): void {
	const bytes = new TextEncoder().encode(schema).length;
	if (bytes > 0 && bytes <= MAX_NAME_BYTES && !schema.includes('\0') && !schema.includes('$')) return;
	throw new TypeError(
		`postgres: "${schema}" cannot be the name of a schema: 1 to ${MAX_NAME_BYTES} bytes, without $`
	);
}

const render = (sql: string, schema: string): string =>
	// The name stands in identifiers, and within literals as part of one.
	sql
		.replaceAll("'{schema}.", `'${identifier(schema).replaceAll("'", "''")}.`)
		.replaceAll('{schema}', identifier(schema))
		.replaceAll("'{channel}'", literal(schema));

function step(number: number, schema: string): string {
	const record = `INSERT INTO ${identifier(schema)}.migration (number) VALUES (${number});`;
	return `-- tidewire: step ${number}\n${render(MIGRATIONS[number - 1] ?? '', schema).trim()}\n${record}\n`;
}

const begin = (schema: string): string =>
	`CREATE SCHEMA IF NOT EXISTS ${identifier(schema)};\n` +
	`CREATE TABLE IF NOT EXISTS ${identifier(schema)}.migration (\n` +
	`\tnumber integer PRIMARY KEY,\n\tapplied_at timestamptz NOT NULL DEFAULT now()\n);\n`;

/**
 * The SQL that makes the schema, for those who migrate by hand.
 * @param from the last step that was applied. @default 0: none
 */
export function schemaSql(schema = 'tidewire', from = 0): string {
	assertSchemaName(schema);
	const steps = MIGRATIONS.map((_, index) => step(index + 1, schema)).slice(from);
	return `BEGIN;\n${begin(schema)}${steps.join('')}COMMIT;\n`;
}

/** The last step that was applied; 0 where there is no schema. */
async function appliedSteps(query: RunQuery, schema: string): Promise<number> {
	const table = `${identifier(schema)}.migration`;
	// A look at the tables themselves: what `to_regclass` knows may be older than the end of a wait for a lock.
	const tables = await query(
		`SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = $1 AND c.relname = 'migration'`,
		[schema]
	);
	if (tables.length === 0) return 0;
	const [row] = await query(`SELECT coalesce(max(number), 0) AS number FROM ${table}`);
	return Number(row?.['number']);
}

/** Brings the schema up to date, where it is not. */
export async function migrate(client: PostgresClient, schema: string): Promise<void> {
	if ((await appliedSteps(client.query.bind(client), schema)) >= MIGRATIONS.length) return;
	await client.transaction(async (query) => {
		await query('SELECT pg_advisory_xact_lock(hashtextextended($1::text, 0))', [`${schema}.migration`]);
		const applied = await appliedSteps(query, schema);
		if (applied === 0) await query(begin(schema));
		for (let number = applied + 1; number <= MIGRATIONS.length; number++) await query(step(number, schema));
	});
}

/** @throws {Error} where the schema is older than this version needs; a newer one is the next version's, and does */
export async function assertMigrated(client: PostgresClient, schema: string): Promise<void> {
	const applied = await appliedSteps(client.query.bind(client), schema);
	if (applied >= MIGRATIONS.length) return;
	throw new Error(
		`tidewire: the schema "${schema}" is at step ${applied} of ${MIGRATIONS.length}. Apply what ` +
			`\`npx tidewire postgres:schema --schema ${schema} --from ${applied}\` prints, or leave out \`migrate: false\``
	);
}
