// The backplane of a forked process, for `backplane-process.ts`.
import { Pool } from 'pg';
import postgresJs from 'postgres';
import { postgres } from '../../src/backplanes/postgres/open.ts';
import type { PostgresOptions } from '../../src/backplanes/postgres/postgres.ts';
import type { Backplane } from '../../src/server/backplane.ts';

export interface PostgresSettings extends PostgresOptions {
	url: string;
	client: 'url' | 'pg' | 'postgres';
}

/** A backplane of one of the clients; an app's own client ends with it here. */
export function create({ url, client, ...options }: PostgresSettings): Backplane {
	if (client === 'url') return postgres(url, options);
	if (client === 'pg') {
		const pool = new Pool({ connectionString: url, max: 4 });
		return endingWith(postgres(pool, options), () => pool.end());
	}
	const sql = postgresJs(url, { max: 4, onnotice: () => {} });
	return endingWith(postgres(sql, options), () => sql.end({ timeout: 1 }));
}

function endingWith<Made extends Backplane>(backplane: Made, end: () => Promise<void>): Made {
	const stop = backplane.stop.bind(backplane);
	let ended: Promise<void> | undefined;
	const stopAll = async (): Promise<void> => {
		await stop();
		await (ended ??= end());
	};
	return Object.assign(backplane, { stop: stopAll });
}
