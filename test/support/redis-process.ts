// The Redis backplane of a forked process, for `backplane-process.ts`.
import { redis } from '../../src/backplanes/redis/redis.ts';
import type { Backplane } from '../../src/server/backplane.ts';
import { makeClient, makeClusterClient, type Library } from './redis-clients.ts';

export interface RedisSettings {
	library: Library;
	/** Of the server, or of the nodes of a Cluster. */
	at: string | readonly number[];
	/** The most events of a topic. */
	events?: number;
}

export function create({ at, library, ...options }: RedisSettings): Backplane {
	return redis(typeof at === 'string' ? makeClient(library, at) : makeClusterClient(library, at), options);
}
