// The clients that the Redis backplane is tested with.
import { Redis as Ioredis } from 'ioredis';
import { Redis as Iovalkey } from 'iovalkey';
import { createClient } from 'redis';
import type { RedisClient } from '../../src/backplanes/redis/client.ts';

export const LIBRARIES = ['ioredis', 'redis', 'iovalkey'] as const;
export type Library = (typeof LIBRARIES)[number];

/** A client of a server, not connected. */
export function makeClient(library: Library, url: string): RedisClient {
	if (library === 'redis') return createClient({ url });
	const options = { lazyConnect: true };
	return library === 'ioredis' ? new Ioredis(url, options) : new Iovalkey(url, options);
}
