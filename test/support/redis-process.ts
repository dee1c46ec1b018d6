// The Redis backplane of a forked process, for `backplane-process.ts`.
import { redis } from '../../src/backplanes/redis/redis.ts';
import type { Backplane } from '../../src/server/backplane.ts';
import { makeClient, type Library } from './redis-clients.ts';

export interface RedisSettings {
	url: string;
	library: Library;
	/** The most events of a topic. */
	events?: number;
}

export function create({ url, library, ...options }: RedisSettings): Backplane {
	return redis(makeClient(library, url), options);
}
