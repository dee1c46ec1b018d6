// What the backplane needs of a PostgreSQL client, whichever it is. Text and numbers are the only parameters.

export type Parameter = string | number | boolean | null;
export type Row = Record<string, unknown>;
export type RunQuery = (text: string, parameters?: readonly Parameter[]) => Promise<Row[]>;

/** How a connection that listens reports. */
export interface ListenEvents {
	notified(payload: string): void;
	/** Nothing is heard any more; `listen` may be called again. */
	lost(reason: string): void;
}

export interface Listening {
	close(): Promise<void>;
}

export interface PostgresClient {
	/** One statement, in a transaction of its own. @throws {QueryError} */
	query: RunQuery;
	/** Several, in one transaction on one connection. */
	transaction<Result>(run: (query: RunQuery) => Promise<Result>): Promise<Result>;
	/** Listens on a connection of its own. Resolves when everything that is notified from then on is heard. */
	listen(channel: string, events: ListenEvents): Promise<Listening>;
	/** How to connect to the same database, as `pg` takes it; for the connection that replicates. */
	readonly connection: Readonly<Record<string, unknown>>;
	/** Closes what it made by itself; an app's own client stays open. */
	end(): Promise<void>;
}

/** Whether what failed may have taken place all the same. */
export type Outcome = 'none' | 'unknown';

/** SQLSTATEs of what the server refused for now: nothing took place, and the same may succeed at once. */
const RETRYABLE = new Set(['40001', '40P01']);
export const LOCK_TIMEOUT = '55P03';

export class QueryError extends Error {
	override readonly name = 'QueryError';
	readonly outcome: Outcome;
	/** The server's SQLSTATE, or the client's own code; empty where there is none. */
	readonly code: string;

	constructor(cause: unknown, outcome: Outcome) {
		super(messageOf(cause), { cause });
		this.outcome = outcome;
		this.code = codeOf(cause);
	}

	get isRetryable(): boolean {
		return RETRYABLE.has(this.code);
	}
}

/** Of an error after the statement was sent. Class 57 is a server that shuts down, 08 a connection that broke. */
export function outcomeOf(error: unknown): Outcome {
	const code = codeOf(error);
	return /^[0-9A-Z]{5}$/.test(code) && !code.startsWith('57') && !code.startsWith('08') ? 'none' : 'unknown';
}

export function codeOf(error: unknown): string {
	const code = (error as { code?: unknown } | null)?.code;
	return typeof code === 'string' ? code : '';
}

/** Of a connection that is refused at several addresses, Node's own message is empty. */
export function messageOf(error: unknown): string {
	if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join(', ');
	return error instanceof Error ? error.message : String(error);
}
