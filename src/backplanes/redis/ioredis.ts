// ioredis and iovalkey: one server, Sentinel or Cluster. The application's client is only copied, never used or closed.

import { reasonOf, type ClusterMaster, type ClusterWire, type Wire, type WireEvents } from './wire.ts';

/** A client of ioredis or iovalkey. */
export interface IoredisClient {
	readonly isCluster?: boolean;
	call(command: string, ...args: string[]): Promise<unknown>;
	connect(): Promise<void>;
	disconnect(): void;
	on(event: string, listener: (...args: unknown[]) => void): unknown;
}

/** Methods that only some have, or that have other arguments. */
interface Source extends IoredisClient {
	duplicate(...args: unknown[]): IoredisClient;
	nodes(role: 'master'): IoredisClient[];
}

type Subscriptions = Record<
	'subscribe' | 'unsubscribe' | 'ssubscribe' | 'sunsubscribe',
	(...channels: string[]) => Promise<unknown>
>;

const NEVER = (): null => null;

/** Whatever the application chose for its own commands: ours connect once and repeat nothing. */
const CONNECTION = {
	lazyConnect: true,
	keyPrefix: '',
	stringNumbers: false,
	readOnly: false,
	retryStrategy: NEVER,
	sentinelRetryStrategy: NEVER,
	reconnectOnError: null,
	autoResubscribe: false,
	autoResendUnfulfilledCommands: false,
	enableOfflineQueue: false,
	enableAutoPipelining: false,
	maxRetriesPerRequest: 0
};

/** Redirections are followed: what was redirected was not carried out. Nothing else is repeated. */
const CLUSTER = {
	lazyConnect: true,
	keyPrefix: '',
	clusterRetryStrategy: NEVER,
	clusterNodeRetryStrategy: NEVER,
	retryDelayOnFailover: 0,
	retryDelayOnClusterDown: 0,
	enableAutoPipelining: false,
	shardedSubscribers: false,
	scaleReads: 'master',
	redisOptions: { keyPrefix: '', stringNumbers: false, autoResendUnfulfilledCommands: false, reconnectOnError: null }
};

/** Opens one more connection to where a client of one server, or of Sentinel, leads. */
export async function openIoredis(client: IoredisClient, events: WireEvents): Promise<Wire> {
	const copy = (client as Source).duplicate(CONNECTION);
	await connect(copy, events);
	for (const event of ['message', 'smessage']) {
		copy.on(event, (channel, text) => events.onMessage(String(channel), String(text)));
	}
	const subscriptions = copy as unknown as Subscriptions;
	return {
		send: (command) => send(copy, command),
		subscribe: async (channels, sharded) =>
			void (await subscriptions[sharded ? 'ssubscribe' : 'subscribe'](...channels)),
		unsubscribe: (channel, sharded) =>
			void subscriptions[sharded ? 'sunsubscribe' : 'unsubscribe'](channel).catch(() => {}),
		close: () => copy.disconnect()
	};
}

export async function openIoredisCluster(
	client: IoredisClient,
	events: Pick<WireEvents, 'onLost'>
): Promise<ClusterWire> {
	const copy = (client as Source).duplicate([], CLUSTER) as Source;
	await connect(copy, events);
	for (const event of ['-node', '+node'])
		copy.on(event, () => events.onLost('the nodes of the Cluster have changed'));
	const master = (node: IoredisClient): ClusterMaster => ({
		send: (command) => send(node, command),
		open: (wireEvents) => openIoredis(node, wireEvents)
	});
	return {
		send: (command) => send(copy, command),
		masters: async () => copy.nodes('master').map(master),
		close: () => copy.disconnect()
	};
}

/** In small letters, or the library knows neither the command's keys nor that a subscriber may send it. */
const send = (connection: IoredisClient, [command = '', ...args]: readonly string[]): Promise<unknown> =>
	connection.call(command.toLowerCase(), ...args);

async function connect(copy: IoredisClient, { onLost }: Pick<WireEvents, 'onLost'>): Promise<void> {
	let reason: string | null = null;
	copy.on('error', (error) => (reason = reasonOf(error)));
	for (const ending of ['close', 'end']) copy.on(ending, () => onLost(reason ?? 'the connection was closed'));
	const failure = await copy.connect().then(() => null, reasonOf);
	if (failure === null) return;
	copy.disconnect();
	throw new Error(reason ?? failure);
}
