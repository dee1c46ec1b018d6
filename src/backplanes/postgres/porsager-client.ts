// A client on top of `postgres` (postgres.js). It connects and listens anew by itself, and says so only when it is back.

import {
	outcomeOf,
	QueryError,
	codeOf,
	type Listening,
	type ListenEvents,
	type Outcome,
	type Parameter,
	type PostgresClient,
	type Row,
	type RunQuery
} from './client.ts';
import { within, type Limit } from './within.ts';

/** What a transaction of postgres.js and postgres.js itself have in common. */
export interface PorsagerSql {
	unsafe(text: string, parameters?: (string | number | boolean | null)[]): PromiseLike<readonly unknown[]>;
}

/** The part of postgres.js that is used. */
export interface PorsagerLike extends PorsagerSql {
	begin<Result>(run: (sql: PorsagerSql) => Promise<Result>): Promise<unknown>;
	listen(channel: string, notified: (payload: string) => void, listening?: () => void): PromiseLike<unknown>;
	readonly options: object;
}

/** Codes of postgres.js and Node where nothing was sent. */
const NOT_SENT = /^(CONNECT_TIMEOUT|CONNECTION_ENDED|CONNECTION_DESTROYED|ECONNREFUSED|ENOTFOUND|EHOSTUNREACH)$/;

export class PorsagerClient implements PostgresClient {
	readonly #sql: PorsagerLike;

	readonly #limit: Limit;

	constructor(sql: PorsagerLike, limit: Limit) {
		this.#sql = sql;
		this.#limit = limit;
	}

	get connection(): Readonly<Record<string, unknown>> {
		const { host, port, database, user, pass, ssl } = this.#sql.options as Record<string, unknown>;
		const first = (value: unknown): unknown => (Array.isArray(value) ? value[0] : value);
		return {
			host: first(host),
			port: first(port),
			database,
			user,
			password: pass ?? undefined,
			ssl: ssl || undefined
		};
	}

	query(text: string, parameters: readonly Parameter[] = []): Promise<Row[]> {
		return within(this.#limit, 'unknown', runOn(this.#sql, text, parameters));
	}

	async transaction<Result>(run: (query: RunQuery) => Promise<Result>): Promise<Result> {
		try {
			const begin = (sql: PorsagerSql) => run((text, parameters = []) => runOn(sql, text, parameters));
			return (await this.#sql.begin(begin)) as Result;
		} catch (error) {
			throw error instanceof QueryError ? error : new QueryError(error, outcomeAfter(error));
		}
	}

	async listen(channel: string, events: ListenEvents): Promise<Listening> {
		let isOpen = true;
		let times = 0;
		const notified = (payload: string): void => {
			if (isOpen) events.notified(payload);
		};
		const listening = (): void => {
			if (isOpen && ++times > 1) events.lost('the connection was closed');
		};
		const listened = within(this.#limit, 'none', this.#sql.listen(channel, notified, listening));
		const request = (await listened) as { unlisten(): Promise<void> };
		return {
			close: async () => {
				isOpen = false;
				await within(this.#limit, 'none', request.unlisten()).catch(() => {});
			}
		};
	}

	async end(): Promise<void> {}
}

async function runOn(sql: PorsagerSql, text: string, parameters: readonly Parameter[]): Promise<Row[]> {
	try {
		return [...(await sql.unsafe(text, [...parameters]))] as Row[];
	} catch (error) {
		throw new QueryError(error, outcomeAfter(error));
	}
}

const outcomeAfter = (error: unknown): Outcome => (NOT_SENT.test(codeOf(error)) ? 'none' : outcomeOf(error));
