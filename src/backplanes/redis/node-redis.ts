// node-redis: one server, Sentinel or Cluster. The application's client is only copied, never used or closed.

import { reasonOf, type ClusterMaster, type ClusterWire, type Wire, type WireEvents } from './wire.ts';

/** A client of node-redis, for one server, for Sentinel or for a Cluster. */
export interface NodeRedisClient {
	connect(): Promise<unknown>;
	destroy(): unknown;
	/** Those of Sentinel and of a Cluster take something else before the command. */
	sendCommand(...args: never[]): Promise<unknown>;
	on(event: string, listener: (...args: unknown[]) => void): unknown;
}

/** What a client of one server has besides. */
interface Source extends NodeRedisClient {
	readonly options?: { readonly socket?: object };
	duplicate(overrides: object): Source;
	sendCommand(command: readonly string[]): Promise<unknown>;
	subscribe: Subscribe;
	sSubscribe: Subscribe;
	unsubscribe(channel: string): Promise<unknown>;
	sUnsubscribe(channel: string): Promise<unknown>;
}

type Subscribe = (channels: string[], listener: (text: string, channel: string) => void) => Promise<unknown>;

interface ClusterSource extends NodeRedisClient {
	readonly masters: unknown[];
	readonly _options?: { readonly defaults?: { readonly socket?: object } };
	duplicate(overrides: object): ClusterSource;
	nodeClient(master: unknown): Promise<Source> | Source;
	sendCommand(key: string, isReadonly: boolean, command: readonly string[]): Promise<unknown>;
}

interface SentinelSource extends NodeRedisClient {
	duplicate(overrides: object): SentinelSource;
	/** Lends the connection to the master. */
	_execute(isReadonly: boolean, use: (master: Source) => Promise<Wire>): Promise<Wire>;
}

/** Whatever the application chose for its own commands: ours connect once and repeat nothing. */
const CONNECTION = { keyPrefix: undefined, disableOfflineQueue: true, pingInterval: 0, commandOptions: {} };

/** It gives up where Sentinel names nobody who answers, and never looks again: another one is made instead. */
const SENTINEL = {
	keyPrefix: undefined,
	commandOptions: {},
	masterPoolSize: 1,
	replicaPoolSize: 0,
	scanInterval: 0,
	reserveClient: false,
	maxCommandRediscovers: 0
};

/** Opens one more connection to where a client of one server leads. */
export async function openNodeRedis(client: NodeRedisClient, events: WireEvents): Promise<Wire> {
	const source = client as Source;
	const copy = source.duplicate({ ...CONNECTION, socket: { ...source.options?.socket, reconnectStrategy: false } });
	await connect(copy, events);
	const hear = (text: string, channel: string): void => events.onMessage(channel, text);
	return {
		send: (command) => copy.sendCommand(command),
		subscribe: async (channels, sharded) =>
			void (await (sharded ? copy.sSubscribe([...channels], hear) : copy.subscribe([...channels], hear))),
		unsubscribe: (channel, sharded) =>
			void (sharded ? copy.sUnsubscribe(channel) : copy.unsubscribe(channel)).catch(() => {}),
		close: () => destroy(copy)
	};
}

/** Opens a connection to the master that Sentinel names now. */
export async function openNodeRedisSentinel(client: NodeRedisClient, events: WireEvents): Promise<Wire> {
	const copy = (client as SentinelSource).duplicate(SENTINEL);
	await connect(copy, { onLost: () => {} });
	try {
		return await copy._execute(false, (master) => openNodeRedis(master, events));
	} finally {
		destroy(copy);
	}
}

export async function openNodeRedisCluster(
	client: NodeRedisClient,
	events: Pick<WireEvents, 'onLost'>
): Promise<ClusterWire> {
	const source = client as ClusterSource;
	const defaults = source._options?.defaults;
	const socket = { ...defaults?.socket, reconnectStrategy: false };
	const copy = source.duplicate({ keyPrefix: undefined, commandOptions: {}, defaults: { ...defaults, socket } });
	await connect(copy, events);
	for (const event of ['node-error', 'node-disconnect']) {
		copy.on(event, () => events.onLost('a node of the Cluster was lost'));
	}
	const master = async (node: unknown): Promise<ClusterMaster> => {
		const connection = await copy.nodeClient(node);
		return {
			send: (command) => connection.sendCommand(command),
			open: (wireEvents) => openNodeRedis(connection, wireEvents)
		};
	};
	return {
		send: (command, key) => copy.sendCommand(key, false, command),
		masters: () => Promise.all(copy.masters.map(master)),
		close: () => destroy(copy)
	};
}

async function connect(copy: NodeRedisClient, { onLost }: Pick<WireEvents, 'onLost'>): Promise<void> {
	copy.on('error', (error) => onLost(reasonOf(error)));
	for (const ending of ['end', 'disconnect']) copy.on(ending, () => onLost('the connection was closed'));
	const failure = await copy.connect().then(() => null, reasonOf);
	if (failure === null) return;
	destroy(copy);
	throw new Error(failure);
}

/** It throws where it is closed already; that of Sentinel rejects. */
function destroy(copy: NodeRedisClient): void {
	const destroyed = async (): Promise<void> => void (await copy.destroy());
	destroyed().catch(() => {});
}
