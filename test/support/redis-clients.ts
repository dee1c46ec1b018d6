// The clients that the Redis backplane is tested with.
import { Cluster as IoredisCluster, Redis as Ioredis } from 'ioredis';
import { Cluster as IovalkeyCluster, Redis as Iovalkey } from 'iovalkey';
import { createClient, createCluster, createSentinel } from 'redis';
import type { RedisClient } from '../../src/backplanes/redis/client.ts';

export const LIBRARIES = ['ioredis', 'redis', 'iovalkey'] as const;
export type Library = (typeof LIBRARIES)[number];

const HOST = '127.0.0.1';
const LAZY = { lazyConnect: true };

/** A client of a server, not connected. */
export function makeClient(library: Library, url: string): RedisClient {
	if (library === 'redis') return createClient({ url });
	return library === 'ioredis' ? new Ioredis(url, LAZY) : new Iovalkey(url, LAZY);
}

/** A client of the Cluster that has nodes on these ports. */
export function makeClusterClient(library: Library, ports: readonly number[]): RedisClient {
	const nodes = ports.map((port) => ({ host: HOST, port }));
	if (library === 'redis') return createCluster({ rootNodes: nodes.map((socket) => ({ socket })) });
	return library === 'ioredis' ? new IoredisCluster(nodes, LAZY) : new IovalkeyCluster(nodes, LAZY);
}

/** A client of the master that a Sentinel on this port names. */
export function makeSentinelClient(library: Library, { name, port }: { name: string; port: number }): RedisClient {
	const sentinels = [{ host: HOST, port }];
	if (library === 'redis') return createSentinel({ name, sentinelRootNodes: sentinels });
	const options = { ...LAZY, name, sentinels };
	return library === 'ioredis' ? new Ioredis(options) : new Iovalkey(options);
}
