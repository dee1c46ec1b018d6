import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
	postgresChanges,
	type PostgresChanges,
	type PostgresChangesOptions
} from '../../src/backplanes/postgres/changes.ts';
import { triggerSql } from '../../src/backplanes/postgres/trigger-sql.ts';
import { encodeTopic } from '../../src/protocol/topic.ts';
import { Apps, until, type App } from '../support/postgres-apps.ts';
import { PostgresServer } from '../support/services/postgres.ts';

const ONE = encodeTopic(['board', '1']);
const TWO = encodeTopic(['board', '2']);
const tables: PostgresChangesOptions['tables'] = {
	card: ({ board }) => (board === null ? null : ['board', Number(board)])
};

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
	await psql('CREATE TABLE card (id int PRIMARY KEY, board int, title text); ALTER TABLE card REPLICA IDENTITY FULL');
});
afterEach(async () => {
	await apps.endAll();
	// A server has room for ten.
	await psql('SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE NOT active');
});

const psql = (sql: string): Promise<string> => server.psql(sql, database);

type Via = NonNullable<PostgresChangesOptions['via']>;

/** A process that publishes changes, and reads two boards. */
async function start(
	via: Via,
	options: Partial<PostgresChangesOptions> = {}
): Promise<App & { changes: PostgresChanges }> {
	const app = await apps.start(url, [ONE, TWO]);
	if (via === 'triggers') await psql(triggerSql('card'));
	const changes = postgresChanges({ backplane: app.backplane, tables, via, slot: database, ...options });
	await changes.start();
	apps.end(() => changes.stop());
	return { ...app, changes };
}

/** By how many bytes the reader of a slot is. */
async function behind(changes: PostgresChanges): Promise<number> {
	const lag = await changes.lag();
	return lag.via === 'replication' ? (lag.bytes ?? Infinity) : Infinity;
}

/** In the order of each topic; topics have none among each other. */
const heard = ({ delivered }: App): string[] =>
	delivered
		.toSorted((one, other) => (one.topic < other.topic ? -1 : one.topic > other.topic ? 1 : 0))
		.map(({ topic, body }) => `${topic} ${body}`);

describe.each(['replication', 'triggers'] as const)('changes that psql makes, by %s', (via) => {
	it('are events of the topic that the row is in', async () => {
		const app = await start(via);
		await psql(`INSERT INTO card VALUES (1, 1, 'a'), (2, 2, 'b'), (3, NULL, 'nobody')`);
		await psql(`UPDATE card SET title = 'c' WHERE id = 1`);
		await psql(`DELETE FROM card WHERE id = 1`);
		await until(() => app.delivered.length === 4, 'all are there');
		expect(heard(app)).toEqual([
			'board/1 "created",{"id":1,"board":1,"title":"a"}',
			'board/1 "updated",{"id":1,"board":1,"title":"c"}',
			'board/1 "deleted",{"id":1,"board":1,"title":"c"}',
			'board/2 "created",{"id":2,"board":2,"title":"b"}'
		]);
	});

	it('leave one topic and enter another where the row moves, and stay what they are to whoever does not see it', async () => {
		const app = await start(via);
		await psql(`INSERT INTO card VALUES (1, 1, 'a')`);
		await psql(`UPDATE card SET board = 2`);
		await psql(`UPDATE card SET id = 7`);
		await psql(`UPDATE card SET board = NULL`);
		await until(() => app.delivered.length === 6, 'all are there');
		expect(heard(app).map((text) => text.replace(/,"board.*/, ''))).toEqual([
			'board/1 "created",{"id":1',
			'board/1 "deleted",{"id":1',
			'board/2 "created",{"id":1',
			'board/2 "deleted",{"id":1',
			'board/2 "created",{"id":7',
			'board/2 "deleted",{"id":7'
		]);
	});

	it('may be as large as they like, and are none where they are rolled back', async () => {
		const app = await start(via);
		const client = await apps.client(url);
		await client.query('BEGIN');
		await client.query(`INSERT INTO card VALUES (1, 1, 'never')`);
		await client.query('ROLLBACK');
		await client.query(`INSERT INTO card VALUES (2, 1, $1)`, ['é'.repeat(100_000)]);
		await until(() => app.delivered.length === 1, 'it is there');
		expect(app.seen()).toEqual([{ id: 2, board: 1, title: 'é'.repeat(100_000) }]);
	});

	it('are published once and in order while several processes could, and one of them ends', async () => {
		const [one, two] = [await start(via), await start(via)];
		const client = await apps.client(url);
		for (let id = 1; id <= 300; id++) {
			await client.query(`INSERT INTO card VALUES ($1, 1, 'a')`, [id]);
			if (id === 100) await (one.changes.isReading ? one : two).changes.stop();
		}
		await until(() => two.delivered.length >= 300, 'all are there');
		expect(two.seen().map((row) => (row as { id: number }).id)).toEqual(
			Array.from({ length: 300 }, (_, index) => index + 1)
		);
	});

	it('that were made while nobody read are published when somebody does', async () => {
		const first = await start(via);
		await psql(`INSERT INTO card VALUES (1, 1, 'a')`);
		await until(() => first.delivered.length === 1, 'it is there');
		await first.changes.stop();
		await psql(`INSERT INTO card VALUES (2, 1, 'b')`);
		await psql(`INSERT INTO card VALUES (3, 1, 'c')`);
		const second = await start(via);
		await until(() => second.delivered.length === 2, 'both are there');
		expect(heard(second)).toEqual([
			'board/1 "created",{"id":2,"board":1,"title":"b"}',
			'board/1 "created",{"id":3,"board":1,"title":"c"}'
		]);
	});

	it('that cannot be mapped are reported and hold up nothing', async () => {
		const errors: unknown[] = [];
		const topic = ({ title }: Record<string, unknown>): string[] => {
			if (title === 'bad') throw new Error('no topic');
			return ['board', '1'];
		};
		const app = await start(via, { tables: { card: topic }, onError: (error) => errors.push(error) });
		await psql(`INSERT INTO card VALUES (1, 1, 'bad'), (2, 1, 'good')`);
		await until(() => app.delivered.length === 1, 'the good one is there');
		expect(app.seen()).toMatchObject([{ id: 2 }]);
		expect(String(errors[0])).toMatch(/a change of public.card could not be published/);
	});

	it('are all there once when the server is killed under load', async () => {
		const app = await start(via);
		const follower = await apps.follow(app, ONE);
		const inserted: number[] = [];
		const loading = { stopped: false };
		const load = (async () => {
			for (let id = 1; !loading.stopped; id++) {
				await psql(`INSERT INTO card VALUES (${id}, 1, 'a')`).then(
					() => inserted.push(id),
					() => {}
				);
			}
		})();
		await until(() => follower.seen.length > 5, 'some are there');
		await server.kill();
		await server.start();
		const before = inserted.length;
		await until(() => inserted.length > before + 5, 'it goes on');
		loading.stopped = true;
		await load;
		const rows = (await psql('SELECT id FROM card ORDER BY id')).trim().split('\n').map(Number);
		await until(async () => {
			await follower.read();
			return follower.seen.length >= rows.length;
		}, 'all are there');
		expect(follower.seen.map((row) => (row as { id: number }).id)).toEqual(rows);
		expect(follower.resets).toBe(0);
	});
});

describe('an outbox of triggers', () => {
	it('says how much waits in it, and for how long', async () => {
		const app = await start('triggers');
		await psql(`INSERT INTO card VALUES (1, 1, 'a')`);
		await until(() => app.delivered.length === 1, 'it is there');
		expect(await app.changes.lag()).toEqual({ via: 'triggers', changes: 0, waitedMs: 0, isRead: true });
		await app.changes.stop();
		await psql(`INSERT INTO card SELECT id, 1, 'a' FROM generate_series(2, 301) AS id`);
		await psql(
			`UPDATE tidewire.change SET at = at - interval '1 minute' WHERE id = (SELECT min(id) FROM tidewire.change)`
		);
		const lag = await app.changes.lag();
		expect(lag).toMatchObject({ changes: 300, isRead: false });
		expect('waitedMs' in lag && lag.waitedMs).toBeGreaterThan(59_000);
		const other = await start('triggers');
		await until(async () => (await other.changes.lag()).isRead, 'somebody reads');
	});
});

describe('a replication slot', () => {
	it('says how far its reader is behind, and lets the server forget what was read', async () => {
		const app = await start('replication');
		await psql(`INSERT INTO card SELECT id, 1, repeat('a', 1000) FROM generate_series(1, 500) AS id`);
		await until(() => app.delivered.length === 500, 'all are there');
		await until(async () => (await behind(app.changes)) < 400_000, 'it is acknowledged');
		expect(await app.changes.lag()).toMatchObject({ via: 'replication', isRead: true, safeBytes: null });
		await app.changes.stop();
		const before = await behind(app.changes);
		await psql(`INSERT INTO card SELECT id, 1, repeat('a', 1000) FROM generate_series(501, 1000) AS id`);
		expect(await behind(app.changes)).toBeGreaterThan(before + 400_000);
	});

	it('that is gone makes everybody load anew instead of missing something', async () => {
		const errors: unknown[] = [];
		const first = await start('replication');
		await psql(`INSERT INTO card VALUES (1, 1, 'a')`);
		await until(() => first.delivered.length === 1, 'it is there');
		const seen = await first.backplane.head(ONE);
		await first.changes.stop();
		await psql(`SELECT pg_drop_replication_slot('${database}')`);
		await psql(`INSERT INTO card VALUES (2, 1, 'missed')`);
		const second = await start('replication', { onError: (error) => errors.push(error) });
		const isReset = async (): Promise<boolean> => {
			const result = await second.backplane.read(ONE, seen).catch(() => null);
			return result?.kind === 'reset' && second.statuses.at(-1)?.available !== false;
		};
		await until(isReset, 'it is another log');
		// What was delivered connects with nothing: whoever reads is told so once the place is known.
		await until(() => second.statuses.at(-1)?.available === true, 'everybody is told');
		const after = await second.backplane.head(ONE);
		await psql(`INSERT INTO card VALUES (3, 1, 'c')`);
		await until(async () => (await second.backplane.head(ONE)).offset > after.offset, 'it goes on');
		expect(await second.backplane.read(ONE, after)).toMatchObject({ entries: [{ offset: after.offset + 1 }] });
	});

	it('that the server gave up, as its reader fell behind too far, is made anew, and everybody loads anew', async () => {
		await psql(`ALTER SYSTEM SET max_slot_wal_keep_size = '16MB'`);
		await psql('SELECT pg_reload_conf()');
		apps.end(async () => {
			await psql('ALTER SYSTEM RESET max_slot_wal_keep_size');
			await psql('SELECT pg_reload_conf()');
		});
		const errors: unknown[] = [];
		const first = await start('replication');
		await psql(`INSERT INTO card VALUES (1, 1, 'a')`);
		await until(() => first.delivered.length === 1, 'it is there');
		const seen = await first.backplane.head(ONE);
		await first.changes.stop();
		await psql(`INSERT INTO card VALUES (2, 1, 'missed')`);
		for (let segment = 0; segment < 4; segment++) {
			await psql('CREATE TABLE other AS SELECT 1 AS id');
			await psql('DROP TABLE other');
			await psql('SELECT pg_switch_wal()');
		}
		await psql('CHECKPOINT');
		expect(await psql(`SELECT wal_status FROM pg_replication_slots`)).toContain('lost');
		const second = await start('replication', { onError: (error) => errors.push(error) });
		expect(String(errors[0])).toMatch(/lost as it fell behind by more than max_slot_wal_keep_size/);
		await until(() => second.statuses.length >= 2 && second.statuses.at(-1)?.available === true, 'all are told');
		expect(await second.backplane.read(ONE, seen)).toEqual({ kind: 'reset', reason: 'epoch' });
		const after = await second.backplane.head(ONE);
		await psql(`INSERT INTO card VALUES (3, 1, 'c')`);
		await until(async () => (await second.backplane.head(ONE)).offset > after.offset, 'it goes on');
		expect(errors).toHaveLength(1);
	});

	it('whose maker ended before it said so makes everybody load anew all the same', async () => {
		const first = await start('replication');
		const seen = await first.backplane.append(ONE, '"created",1');
		await first.changes.stop();
		await psql(`SELECT tidewire.break_changes('${database}'), pg_drop_replication_slot('${database}')`);
		await psql(`SELECT pg_create_logical_replication_slot('${database}', 'pgoutput')`);
		const second = await start('replication');
		await until(() => second.statuses.length >= 2 && second.statuses.at(-1)?.available === true, 'all are told');
		expect(await second.backplane.read(ONE, seen)).toEqual({ kind: 'reset', reason: 'epoch' });
		await second.changes.stop();
		const anew = await second.backplane.head(ONE);
		const third = await start('replication');
		expect(await third.backplane.read(ONE, anew)).toMatchObject({ kind: 'events' });
	});

	it('is made once where several processes start at the same time', async () => {
		const all = await Promise.all([1, 2, 3].map(() => start('replication')));
		await psql(`INSERT INTO card VALUES (1, 1, 'a')`);
		await until(() => all.every(({ delivered }) => delivered.length > 0), 'all have it');
		expect(all.map(heard)).toEqual(all.map(() => ['board/1 "created",{"id":1,"board":1,"title":"a"}']));
	});

	it('is not made where a table does not tell enough of a row that is deleted', async () => {
		await psql('ALTER TABLE card REPLICA IDENTITY DEFAULT');
		const app = await apps.start(url);
		const make = (mapping: PostgresChangesOptions['tables']) =>
			postgresChanges({ backplane: app.backplane, tables: mapping, slot: database });
		await expect(make(tables).start()).rejects.toThrow(/ALTER TABLE "public"."card" REPLICA IDENTITY FULL/);
		await expect(make({ missing: () => null }).start()).rejects.toThrow(/there is no table public.missing/);
		const keyed = make({ card: { topic: ({ id }) => ['card', Number(id)], keyOnly: true } });
		await keyed.start();
		await keyed.stop();
	});
});
