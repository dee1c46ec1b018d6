import postgresJs from 'postgres';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Transaction } from '../../src/backplanes/postgres/transaction.ts';
import { encodeTopic } from '../../src/protocol/topic.ts';
import type { Topic } from '../../src/server/topic.ts';
import { Apps, until } from '../support/postgres-apps.ts';
import { PostgresServer } from '../support/services/postgres.ts';

const TOPIC = encodeTopic(['board', 'one']);
const OTHER = encodeTopic(['board', 'two']);

const apps = new Apps();
let server: PostgresServer;
let url: string;
let databases = 0;

beforeAll(async () => {
	server = await PostgresServer.start();
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
	url = await server.createDatabase(`app${databases++}`);
	await server.psql('CREATE TABLE card (title text UNIQUE)', `app${databases - 1}`);
});
afterEach(() => apps.endAll());

class RolledBack extends Error {}

/** Runs a transaction with a client of its own; it is rolled back where the function throws. */
type Transact = (run: (transaction: Transaction) => Promise<void>) => Promise<void>;

async function withPg(): Promise<Transact> {
	const client = await apps.client(url);
	return async (run) => {
		await client.query('BEGIN');
		try {
			await run(client);
			await client.query('COMMIT');
		} catch (error) {
			await client.query('ROLLBACK');
			if (!(error instanceof RolledBack)) throw error;
		}
	};
}

async function withPostgresJs(): Promise<Transact> {
	const sql = postgresJs(url, { max: 1 });
	apps.end(() => sql.end());
	return async (run) => {
		await sql
			.begin((transaction) => run(transaction))
			.catch((error: unknown) => {
				if (!(error instanceof RolledBack)) throw error;
			});
	};
}

describe.each([
	['pg', withPg],
	['postgres.js', withPostgresJs]
])('publish in a transaction of %s', (_name, connect) => {
	it('is delivered on commit, in every process, and not before', async () => {
		const [one, two] = [await apps.start(url, [TOPIC]), await apps.start(url, [TOPIC])];
		const transact = await connect();
		await transact(async (transaction) => {
			await one.backplane.publish(transaction, ['board', 'one'], 'created', { title: 'a' });
			await two.backplane.append(OTHER, '"created",1'); // a round trip through everything, in which nothing may come
			expect([one.seen(), two.seen()]).toEqual([[], []]);
		});
		await until(() => one.seen().length === 1 && two.seen().length === 1, 'both have it');
		expect([one.seen(), two.seen()]).toEqual([[{ title: 'a' }], [{ title: 'a' }]]);
		expect(one.delivered[0]).toEqual(two.delivered[0]);
	});

	it('is never delivered where it is rolled back, and leaves no hole', async () => {
		const one = await apps.start(url, [TOPIC]);
		const transact = await connect();
		await transact(async (transaction) => {
			await one.backplane.publish(transaction, ['board', 'one'], 'created', 'lost');
			throw new RolledBack();
		});
		const position = await one.backplane.append(TOPIC, '"created","kept"');
		expect([position.offset, one.seen()]).toEqual([1, ['kept']]);
	});

	it('is together with the rows of the transaction, or not at all', async () => {
		const one = await apps.start(url, [TOPIC]);
		const transact = await connect();
		const add = (title: string) =>
			transact(async (transaction) => {
				await one.backplane.publish(transaction, ['board', 'one'], 'created', title);
				const text = `INSERT INTO card VALUES ('${title}')`;
				await ('unsafe' in transaction ? transaction.unsafe(text) : transaction.query(text));
			});
		await add('a');
		await expect(add('a')).rejects.toThrow(/duplicate key/);
		await add('b');
		await until(() => one.seen().length === 2, 'two are there');
		expect(one.seen()).toEqual(['a', 'b']);
	});
});

describe('publish in a transaction', () => {
	it('keeps its place in the order: whoever publishes to the topic meanwhile comes after it', async () => {
		const one = await apps.start(url, [TOPIC]);
		const transact = await withPg();
		let appended: Promise<unknown> | undefined;
		await transact(async (transaction) => {
			await one.backplane.publish(transaction, ['board', 'one'], 'created', 'first');
			appended = one.backplane.append(TOPIC, '"created","second"');
			await one.backplane.append(OTHER, '"created",1');
		});
		expect(await appended).toMatchObject({ offset: 2 });
		expect(one.seen()).toEqual(['first', 'second']);
	});

	it('does not hold up other topics, and fails what waits too long with a typed error', async () => {
		const one = await apps.start(url, [TOPIC, OTHER], { timeoutMs: 600 });
		const transact = await withPg();
		await transact(async (transaction) => {
			await one.backplane.publish(transaction, ['board', 'one'], 'created', 'first');
			const waits = one.backplane.append(TOPIC, '"created","waits"').then(
				() => 'stored',
				(error: unknown) => (error as Error).message
			);
			const others = [1, 2, 3].map((number) => one.backplane.append(OTHER, `"created",${number}`));
			expect((await Promise.all(others)).map(({ offset }) => offset)).toEqual([1, 2, 3]);
			expect(await one.backplane.append(OTHER, '"created",4')).toMatchObject({ offset: 4 });
			expect(await waits).toMatch(/a transaction that published to the topic has not ended/);
		});
		await until(() => one.seen().length === 5, 'the transaction is delivered');
		expect(one.statuses).toEqual([]);
	});

	it('can be part of a savepoint', async () => {
		const one = await apps.start(url, [TOPIC]);
		const client = await apps.client(url);
		await client.query('BEGIN');
		await one.backplane.publish(client, ['board', 'one'], 'created', 'kept');
		await client.query('SAVEPOINT a');
		await one.backplane.publish(client, ['board', 'one'], 'created', 'lost');
		await client.query('ROLLBACK TO a');
		await one.backplane.publish(client, ['board', 'one'], 'created', 'kept, too');
		await client.query('COMMIT');
		await until(() => one.seen().length === 2, 'two are there');
		expect(one.delivered.map(({ offset, body }) => [offset, body])).toEqual([
			[1, '"created","kept"'],
			[2, '"created","kept, too"']
		]);
	});

	it('is there for SQL, too', async () => {
		const one = await apps.start(url, [encodeTopic(['a/b', 7])]);
		await server.psql(
			`SELECT tidewire.publish(ARRAY['a/b', '7'], 'it''s', jsonb_build_object('a', E'1\\n"'))`,
			`app${databases - 1}`
		);
		await until(() => one.seen().length === 1, 'it is there');
		expect(one.delivered[0]?.body).toBe(`"it's",{"a": "1\\n\\""}`);
	});

	it('refuses a topic that has no log', async () => {
		const one = await apps.start(url);
		const client = await apps.client(url);
		const merge = { kind: 'set', key: 'id', prepend: false, max: 0 } as const;
		const topic: Topic<{ set: number }> = { name: TOPIC, ephemeral: true, merge };
		await expect(one.backplane.publish(client, topic, 'set', 1)).rejects.toThrow(/kept nowhere/);
		// @ts-expect-error -- the stream carries numbers
		await expect(one.backplane.publish(client, topic, 'set', 'a')).rejects.toThrow(/kept nowhere/);
	});
});
