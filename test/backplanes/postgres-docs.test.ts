// What docs/backplanes.md says about PostgreSQL, against the code and a real server.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Pool } from 'pg';
import { afterAll, expect, it } from 'vitest';
import type { PostgresChanges } from '../../src/backplanes/postgres/changes.ts';
import { POSTGRES_DEFAULTS, type PostgresBackplane } from '../../src/backplanes/postgres/postgres.ts';
import { encodeTopic } from '../../src/protocol/topic.ts';
import { blocksOf, readDocument, tableWith } from '../docs/markdown.ts';
import { until } from '../support/postgres-apps.ts';
import { PostgresServer } from '../support/services/postgres.ts';

const document = readDocument('docs/backplanes.md');
const folder = mkdtempSync(join(import.meta.dirname, '.postgres-docs-'));
const FILES = ['database', 'cards', 'changes'];

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Writes the blocks as an app has them, but with the sources of the package. */
function writeBlocks(): void {
	const source = join(import.meta.dirname, '../../src/backplanes/postgres/index.ts');
	for (const file of FILES) {
		const block = blocksOf(document).find(({ info }) => info.endsWith(`file=src/lib/server/${file}.ts`));
		writeFileSync(join(folder, `${file}.ts`), (block?.text ?? '').replaceAll("'tidewire/postgres'", `'${source}'`));
	}
}

const load = async <Module>(file: string): Promise<Module> =>
	(await import(/* @vite-ignore */ join(folder, `${file}.ts`))) as Module;

it('has every option with its default', () => {
	const { rows } = tableWith(document, /PostgreSQL/, ['option', 'default', '']);
	const { clock: _clock, ...defaults } = POSTGRES_DEFAULTS;
	for (const [option, value] of Object.entries(defaults)) {
		const shown = rows.find((row) => row['option'] === option)?.['default'];
		expect(shown?.replaceAll(/['_]/g, ''), option).toBe(String(value));
	}
});

it('shows a pool, a transaction and changes that work', async () => {
	await using server = await PostgresServer.start();
	await server.psql('CREATE TABLE card (id serial PRIMARY KEY, board int, title text UNIQUE)');
	await server.psql('ALTER TABLE card REPLICA IDENTITY FULL');
	process.env['DATABASE_URL'] = server.url();
	writeBlocks();
	const { pool, backplane } = await load<{ pool: Pool; backplane: PostgresBackplane }>('database');
	delete process.env['DATABASE_URL'];
	const { addCard } = await load<{ addCard: (board: number, title: string) => Promise<void> }>('cards');
	const { changes } = await load<{ changes: PostgresChanges }>('changes');
	const seen: string[] = [];
	await backplane.start(({ body }) => seen.push(body));
	await backplane.subscribe(encodeTopic(['board', 1]));
	await addCard(1, 'a');
	await expect(addCard(1, 'a')).rejects.toThrow(/duplicate key/);
	await until(() => seen.length === 1, 'the transaction is delivered');
	await changes.start();
	await server.psql(`INSERT INTO card (id, board, title) VALUES (7, 1, 'b')`);
	await until(() => seen.length === 2, 'the change is delivered');
	expect(seen).toEqual(['"created",{"id":1,"board":1,"title":"a"}', '"created",{"id":7,"board":1,"title":"b"}']);
	expect(await server.psql('SELECT tidewire.begin_anew()')).toBeDefined();
	await changes.stop();
	await backplane.stop();
	await pool.end();
});
