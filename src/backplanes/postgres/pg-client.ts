// A client on top of `pg` (node-postgres): a pool for statements, and a client with the pool's settings that listens.

import {
	messageOf,
	outcomeOf,
	QueryError,
	type Listening,
	type ListenEvents,
	type Parameter,
	type PostgresClient,
	type Row,
	type RunQuery
} from './client.ts';
import { identifier } from './text.ts';
import { within, type Limit } from './within.ts';

/** The part of `pg.Client` that is used. */
export interface PgClientLike {
	query(text: string, values?: unknown[]): Promise<{ rows: unknown[] }>;
}

interface PgConnection extends PgClientLike {
	connect(): Promise<unknown>;
	end(): Promise<unknown>;
	on(event: string, listener: (value: never) => void): unknown;
}

interface PooledClient extends PgClientLike {
	release(error?: Error | boolean): void;
	on(event: 'error', listener: (error: Error) => void): unknown;
	off(event: 'error', listener: (error: Error) => void): unknown;
}

/** The part of `pg.Pool` that is used. */
export interface PgPoolLike {
	connect(): Promise<PooledClient>;
	end(): Promise<unknown>;
	on(event: 'error', listener: (error: Error) => void): unknown;
	on(event: 'connect', listener: (client: PooledClient) => void): unknown;
	off(event: 'error', listener: (error: Error) => void): unknown;
	readonly options: object;
}

type ClientConstructor = new (options: object) => PgConnection;

export class PgClient implements PostgresClient {
	readonly #source: PgPoolLike | string;
	readonly #limit: Limit;
	#pool: Promise<PgPoolLike> | null = null;

	/** @param source the pool of an app, which stays open; or a URL, for a pool of its own */
	constructor(source: PgPoolLike | string, limit: Limit) {
		this.#source = source;
		this.#limit = limit;
	}

	/** A connection that breaks. Who uses it is told by the statement; where nobody does, the next takes another one. */
	readonly #ignore = (): void => {};

	get connection(): Readonly<Record<string, unknown>> {
		const source = this.#source;
		return typeof source === 'string' ? { connectionString: source } : (source.options as Record<string, unknown>);
	}

	#open(): Promise<PgPoolLike> {
		this.#pool ??= this.#openPool();
		return this.#pool;
	}

	async #openPool(): Promise<PgPoolLike> {
		const pool = typeof this.#source === 'string' ? await openPool(this.#source) : this.#source;
		pool.on('error', this.#ignore);
		// One that breaks with the answer that it is there does so before it is handed out.
		if (typeof this.#source === 'string') pool.on('connect', (client) => client.on('error', this.#ignore));
		return pool;
	}

	async query(text: string, parameters: readonly Parameter[] = []): Promise<Row[]> {
		return this.#withClient((client) => runOn(client, text, parameters));
	}

	async transaction<Result>(run: (query: RunQuery) => Promise<Result>): Promise<Result> {
		return this.#withClient(async (client) => {
			await client.query('BEGIN');
			try {
				const result = await run((text, parameters = []) => runOn(client, text, parameters));
				await client.query('COMMIT');
				return result;
			} catch (error) {
				await client.query('ROLLBACK').catch(() => {});
				throw error;
			}
		});
	}

	async #withClient<Result>(run: (client: PooledClient) => Promise<Result>): Promise<Result> {
		const client = await this.#connect();
		let broken = false;
		client.on('error', this.#ignore);
		try {
			return await within(this.#limit, 'unknown', run(client));
		} catch (cause) {
			const error = cause instanceof QueryError ? cause : new QueryError(cause, outcomeOf(cause));
			broken = error.outcome === 'unknown';
			throw error;
		} finally {
			if (!broken) client.off('error', this.#ignore);
			// A broken one is not used again; ended in the middle of a statement it closes its socket at once.
			client.release(broken);
		}
	}

	async #connect(): Promise<PooledClient> {
		const connecting = (await this.#open()).connect();
		try {
			return await within(this.#limit, 'none', connecting);
		} catch (error) {
			connecting.then(
				(late) => late.release(),
				() => {}
			);
			throw new QueryError(error instanceof QueryError ? error.cause : error, 'none');
		}
	}

	async listen(channel: string, events: ListenEvents): Promise<Listening> {
		const pool = await this.#open();
		const client = new (pool as unknown as { Client: ClientConstructor }).Client(pool.options);
		let isOpen = true;
		const lose = (reason: string): void => {
			if (isOpen) events.lost(reason);
			isOpen = false;
		};
		client.on('error', (error: Error) => lose(messageOf(error)));
		client.on('end', () => lose('the connection was closed'));
		client.on('notification', ({ payload }: { payload?: string }) => events.notified(payload ?? ''));
		const close = async (): Promise<void> => {
			isOpen = false;
			await within(this.#limit, 'none', client.end()).catch(() => {});
		};
		try {
			await within(this.#limit, 'none', client.connect());
			await within(this.#limit, 'none', client.query(`LISTEN ${identifier(channel)}`));
		} catch (error) {
			void close();
			throw new QueryError(error, 'none');
		}
		return { close };
	}

	async end(): Promise<void> {
		const pool = await this.#pool;
		// A server that hangs does not say goodbye.
		if (typeof this.#source === 'string' && pool) await within(this.#limit, 'none', pool.end()).catch(() => {});
		else pool?.off('error', this.#ignore);
	}
}

async function runOn(client: PgClientLike, text: string, parameters: readonly Parameter[]): Promise<Row[]> {
	// Without parameters the text may have several statements, and there are as many results.
	const result = await (parameters.length === 0 ? client.query(text) : client.query(text, [...parameters]));
	return Array.isArray(result) ? [] : (result.rows as Row[]);
}

/** Makes a pool for a URL. @throws {Error} where `pg` is not installed */
async function openPool(url: string): Promise<PgPoolLike> {
	const { default: pg } = await import('pg').catch((cause: unknown) => {
		throw new Error('tidewire: postgres(url) needs the package "pg": npm install pg', { cause });
	});
	return new pg.Pool({ connectionString: url, max: 6 });
}
