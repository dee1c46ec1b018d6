// Makes the backplane for whichever client it is given.

import type { PostgresClient } from './client.ts';
import { assertSchemaName } from './migrations.ts';
import { PgClient, type PgPoolLike } from './pg-client.ts';
import { PorsagerClient, type PorsagerLike } from './porsager-client.ts';
import { PostgresBackplane, settingsOf, type PostgresOptions, type Settings } from './postgres.ts';

/** A pool of `pg`, or what `postgres(…)` of postgres.js returns. */
export type PostgresSource = PgPoolLike | PorsagerLike;

/**
 * Joins processes by a PostgreSQL database (13 or newer).
 * @param source a URL, for a pool of its own (needs the package `pg`); or the app's pool or postgres.js, which stays open.
 *   One more connection, with the same settings, listens
 * @throws {TypeError} for a client that is neither, and for a schema's name that cannot be one
 */
export function postgres(source: string | PostgresSource, options: PostgresOptions = {}): PostgresBackplane {
	const settings = settingsOf(options);
	assertSchemaName(settings.schema);
	return new PostgresBackplane(clientOf(source, settings), settings);
}

function clientOf(source: string | PostgresSource, { clock, timeoutMs }: Settings): PostgresClient {
	const limit = { clock, ms: timeoutMs };
	if (typeof source === 'string') return new PgClient(source, limit);
	if ('unsafe' in source && 'listen' in source) return new PorsagerClient(source, limit);
	if ('connect' in source && 'options' in source) return new PgClient(source, limit);
	throw new TypeError(
		'postgres: pass a URL, a Pool of pg, or what postgres.js returns; a single Client is not enough'
	);
}
