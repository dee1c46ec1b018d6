// Which library a client is of, and how one is made where only an address is given.

import { openClusterLink } from './cluster-link.ts';
import { openIoredis, openIoredisCluster, type IoredisClient } from './ioredis.ts';
import { openPair, type OpenLink } from './link.ts';
import { openNodeRedis, openNodeRedisCluster, openNodeRedisSentinel, type NodeRedisClient } from './node-redis.ts';
import type { OpenCluster, OpenWire } from './wire.ts';

export type RedisClient = IoredisClient | NodeRedisClient;

export interface ClientKind {
	readonly isCluster: boolean;
	readonly open: OpenLink;
}

/** @throws {TypeError} where it is neither an address nor a client that we know */
export function clientKind(source: string | RedisClient): ClientKind {
	if (typeof source === 'string') return fromAddress(source);
	if (isIoredis(source)) {
		if (source.isCluster === true) return cluster((events) => openIoredisCluster(source, events));
		return server((events) => openIoredis(source, events));
	}
	if (typeof (source as Partial<NodeRedisClient> | undefined)?.sendCommand === 'function') {
		if ('masters' in source) return cluster((events) => openNodeRedisCluster(source, events));
		if ('getSentinelNode' in source) {
			if (!('duplicate' in source)) throw new TypeError('tidewire: Sentinel with node-redis needs its version 6');
			return server((events) => openNodeRedisSentinel(source, events));
		}
		return server((events) => openNodeRedis(source, events));
	}
	throw new TypeError('tidewire: redis() takes an address, or a client of ioredis, iovalkey or node-redis');
}

const server = (open: OpenWire): ClientKind => ({ isCluster: false, open: (events) => openPair(open, events) });
const cluster = (open: OpenCluster): ClientKind => ({
	isCluster: true,
	open: (events) => openClusterLink(open, events)
});

function isIoredis(source: RedisClient): source is IoredisClient {
	return typeof (source as Partial<IoredisClient> | undefined)?.call === 'function';
}

/** The address goes to whichever library is installed. */
function fromAddress(address: string): ClientKind {
	let kind: ClientKind | null = null;
	const open: OpenLink = async (events) => (kind ??= clientKind(await clientFor(address))).open(events);
	return { isCluster: false, open };
}

const LIBRARIES = ['ioredis', 'iovalkey', 'redis'];

async function clientFor(address: string): Promise<RedisClient> {
	for (const library of LIBRARIES) {
		const module = await load(library);
		if (module === null) continue;
		const { Redis, createClient } = module;
		if (Redis) return new Redis(address, { lazyConnect: true });
		if (createClient) return createClient({ url: address });
	}
	throw new Error(
		`redis() needs a client library: npm install ${LIBRARIES[0]} (or ${LIBRARIES.slice(1).join(', or ')})`
	);
}

interface Library {
	Redis?: new (address: string, options: object) => IoredisClient;
	createClient?: (options: object) => NodeRedisClient;
}

/** By a name that bundlers do not see: most applications have only one of them. */
async function load(library: string): Promise<Library | null> {
	try {
		return (await import(/* @vite-ignore */ library)) as Library;
	} catch (error) {
		if ((error as { code?: unknown }).code === 'ERR_MODULE_NOT_FOUND') return null;
		throw error;
	}
}
