// What joins the processes of the board: none by default, with the history in a file. `BACKPLANE` names a service.
import type { Backplane } from 'tidewire/server';
import { nats } from 'tidewire/nats';
import { postgres } from 'tidewire/postgres';
import { redis } from 'tidewire/redis';
import { sqlite } from 'tidewire/sqlite';
import { liveFile } from './store.ts';

export function chooseBackplane(url = process.env['BACKPLANE']): Backplane {
	if (!url) return sqlite(liveFile());
	const [scheme] = url.split('://');
	switch (scheme) {
		case 'redis':
		case 'rediss':
			return redis(url);
		case 'postgres':
		case 'postgresql':
			return postgres(url);
		case 'nats':
		case 'tls':
			return nats(url);
		default:
			throw new Error(`BACKPLANE must begin with redis://, postgres:// or nats://, and is "${url}"`);
	}
}
