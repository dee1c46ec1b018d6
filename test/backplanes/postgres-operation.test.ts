import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Pool } from 'pg';
import postgresJs from 'postgres';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { postgres, type PostgresSource } from '../../src/backplanes/postgres/open.ts';
import { encodeTopic } from '../../src/protocol/topic.ts';
import { Apps, until, type App } from '../support/postgres-apps.ts';
import { PostgresServer } from '../support/services/postgres.ts';

const TOPIC = encodeTopic(['board', 'one']);
const COMMAND = join(import.meta.dirname, '../../src/cli/tidewire.ts');

const apps = new Apps();
let server: PostgresServer;
let url: string;
let database: string;
let databases = 0;

beforeAll(async () => {
	server = await PostgresServer.start();
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
	database = `app${databases++}`;
	url = await server.createDatabase(database);
});
afterEach(() => apps.endAll());

const psql = (sql: string): Promise<string> => server.psql(sql, database);
const command = async (...args: string[]): Promise<string> =>
	(await promisify(execFile)(process.execPath, [COMMAND, ...args])).stdout;

async function append(app: App, count: number, text = 'a'): Promise<void> {
	await Promise.all(Array.from({ length: count }, () => app.backplane.append(TOPIC, `"created","${text}"`)));
}

const kept = async (): Promise<number> => Number(await psql('SELECT count(*) FROM tidewire.event'));
/** What one process does once a minute. */
const sweep = async (ageMs: number, idleMs: number): Promise<string> =>
	psql(`UPDATE tidewire.sweep SET at = '-infinity'; SELECT tidewire.sweep(0, 10000, 1000000, ${ageMs}, ${idleMs})`);

describe('the schema', () => {
	it('can be made by hand with what the command prints, and nobody starts without it who does not make it', async () => {
		const start = () => apps.start(url, [TOPIC], { migrate: false, schema: "o'clock" });
		await expect(start()).rejects.toThrow(/npx tidewire postgres:schema --schema o'clock --from 0/);
		await psql(await command('postgres:schema', '--schema', "o'clock"));
		const app = await start();
		await append(app, 1);
		const client = await apps.client(url);
		await app.backplane.publish(client, ['board', 'one'], 'created', 'b');
		await until(() => app.seen().length === 2, 'both are there');
	});

	it('refuses names that PostgreSQL would cut', () => {
		expect(() => postgres(url, { schema: 'x'.repeat(64) })).toThrow(/cannot be the name of a schema/);
	});

	it('has a trigger for a table, as the command prints it', async () => {
		await apps.start(url);
		await psql('CREATE TABLE card (id int)');
		await psql(await command('postgres:trigger', 'card'));
		await psql('INSERT INTO card VALUES (7)');
		expect((await psql('SELECT "table", new FROM tidewire.change')).trim()).toBe('public.card|{"id": 7}');
	});
});

describe('a history', () => {
	it('keeps no more bytes than its bound', async () => {
		const app = await apps.start(url, [TOPIC], { bytes: 10_000 });
		const start = await app.backplane.head(TOPIC);
		for (let round = 0; round < 20; round++) await append(app, 5, 'x'.repeat(500));
		await until(async () => (await kept()) < 30, 'it is trimmed');
		expect(await app.backplane.read(TOPIC, start)).toEqual({ kind: 'reset', reason: 'evicted' });
		const head = await app.backplane.head(TOPIC);
		const recent = await app.backplane.read(TOPIC, { epoch: head.epoch, offset: head.offset - 15 });
		expect(recent).toMatchObject({ kind: 'events', entries: { length: 15 } });
	});

	it('forgets what is older than its bound, but for the last event', async () => {
		const app = await apps.start(url, [TOPIC]);
		await append(app, 5);
		await psql(`UPDATE tidewire.event SET at = at - interval '1 hour' WHERE "offset" < 4`);
		await sweep(60_000, 1e12);
		expect(await kept()).toBe(2);
		await psql(`UPDATE tidewire.event SET at = at - interval '1 hour'`);
		await sweep(60_000, 1e12);
		expect(await kept()).toBe(1);
		const head = await app.backplane.head(TOPIC);
		expect(await app.backplane.read(TOPIC, head)).toMatchObject({ kind: 'events', entries: [] });
	});

	it('of a topic that nobody uses is forgotten, and comes back as another', async () => {
		const app = await apps.start(url);
		await append(app, 3);
		const seen = await app.backplane.head(TOPIC);
		await psql(`UPDATE tidewire.topic SET used_at = used_at - interval '1 hour'`);
		await sweep(1e12, 60_000);
		expect(await kept()).toBe(0);
		await append(app, 5);
		expect((await app.backplane.head(TOPIC)).offset).toBe(5);
		expect(await app.backplane.read(TOPIC, seen)).toEqual({ kind: 'reset', reason: 'epoch' });
	});

	it('of a topic that somebody reads is not forgotten', async () => {
		const app = await apps.start(url, [TOPIC], { idleMs: 400 });
		const seen = await app.backplane.head(TOPIC);
		const touched = async (): Promise<string> => psql('SELECT used_at FROM tidewire.topic');
		const before = await touched();
		await until(async () => (await touched()) !== before, 'its reader says so');
		expect(await app.backplane.read(TOPIC, seen)).toMatchObject({ kind: 'events' });
	});
});

describe('what others do on the same server', () => {
	it('is counted and left alone where they use the channel', async () => {
		const app = await apps.start(url, [TOPIC]);
		for (const payload of ['', 'hello', 'w', 'w1:x', 'bx:1:0:1:{', 'bx:2:0:1:[["a"]]', `w${'9'.repeat(300)}:1x`]) {
			await psql(`SELECT pg_notify('tidewire', '${payload}')`);
		}
		await append(app, 1);
		await until(() => app.backplane.dropped === 7, 'all are counted');
		expect([app.seen(), app.statuses]).toEqual([['a'], []]);
	});

	it('does not get into the order of broadcasts, whatever their size', async () => {
		const [one, two] = [await apps.start(url, [TOPIC]), await apps.start(url, [TOPIC])];
		const texts = ['a', '\u{1f600}'.repeat(5_000), '"\\\u0000\n'.repeat(3_000), 'b'];
		await Promise.all(texts.map((text) => one.backplane.broadcast(TOPIC, `"set",${JSON.stringify(text)}`, 'key')));
		await two.backplane.broadcast(TOPIC, '"set","last"', null);
		await until(() => one.seen().length === 5, 'one has all');
		expect(one.seen()).toEqual([...texts, 'last']);
		expect(two.seen()).toEqual(one.seen());
	});
});

describe('a client', () => {
	interface Own {
		source: PostgresSource;
		query: () => PromiseLike<unknown>;
		end: () => Promise<unknown>;
	}
	function pool(): Own {
		const made = new Pool({ connectionString: url, max: 2 });
		return { source: made, query: () => made.query('SELECT 1'), end: () => made.end() };
	}
	function js(): Own {
		const sql = postgresJs(url, { max: 2, transform: postgresJs.camel, types: { bigint: postgresJs.BigInt } });
		return { source: sql, query: () => sql`SELECT 1`, end: () => sql.end() };
	}

	it.each([
		['a pool of pg', pool],
		['postgres.js', js]
	])('that is %s of the app stays open, whatever its own settings are', async (_name, make) => {
		const { source, query, end } = make();
		apps.end(end);
		const backplane = postgres(source);
		const seen: string[] = [];
		await backplane.start(({ body }) => seen.push(body));
		await backplane.subscribe(TOPIC);
		await backplane.append(TOPIC, '"created",1');
		expect(await backplane.store.put('key', 'a', { ttlMs: null })).toBeGreaterThan(0);
		await backplane.stop();
		expect(seen).toEqual(['"created",1']);
		expect(await query()).toBeTruthy();
		await expect(backplane.append(TOPIC, '"created",2')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
	});

	it('that cannot reach the server says so at the start, without its password', async () => {
		const away = postgres('postgres://somebody:secret@127.0.0.1:1/none');
		const error = await Promise.resolve(away.start(() => {})).catch((error: unknown) => error as Error);
		expect(String(error)).toMatch(/ECONNREFUSED/);
		expect(String(error)).not.toContain('secret');
		await away.stop();
	});

	it('that is none is refused', () => {
		expect(() => postgres({} as never)).toThrow(/pass a URL, a Pool of pg, or what postgres.js returns/);
	});
});
