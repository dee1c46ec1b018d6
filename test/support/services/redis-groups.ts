// Several private Redis servers that work together: a Cluster, or a master with a replica and a Sentinel that watches them.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { RedisServer } from './redis.ts';

const READY_WITHIN_MS = 20_000;

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
	const end = performance.now() + READY_WITHIN_MS;
	while (!(await isSo())) {
		if (performance.now() > end) throw new Error(`not within ${READY_WITHIN_MS} ms: ${what}`);
		await delay(50);
	}
}

const NODE = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '2000', '--repl-diskless-sync-delay', '0'];

/** Its answer is a text: its length, and then itself. */
const idOf = async (node: RedisServer): Promise<string> =>
	(await node.command('CLUSTER', 'MYID')).split('\r\n')[1] ?? '';

export class RedisCluster implements AsyncDisposable {
	readonly nodes: readonly RedisServer[];

	private constructor(nodes: readonly RedisServer[]) {
		this.nodes = nodes;
	}

	/** Three masters, with the slots shared between them. */
	static async start(): Promise<RedisCluster> {
		const nodes = await Promise.all([1, 2, 3].map(() => RedisServer.start(NODE)));
		const cluster = new RedisCluster(nodes);
		const bounds = [0, 5_461, 10_923, 16_384];
		for (const [index, node] of nodes.entries()) {
			const range = [bounds[index] ?? 0, (bounds[index + 1] ?? 0) - 1].map(String);
			await node.command('CLUSTER', 'ADDSLOTSRANGE', ...range);
			await node.command('CLUSTER', 'MEET', '127.0.0.1', String(nodes[0]?.port));
		}
		await until('the Cluster is whole', () => cluster.#isWhole());
		return cluster;
	}

	async #isWhole(): Promise<boolean> {
		const states = await Promise.all(this.nodes.map((node) => node.command('CLUSTER', 'INFO')));
		return states.every((state) => /cluster_state:ok[^]*cluster_known_nodes:3/.test(state));
	}

	get ports(): number[] {
		return this.nodes.map(({ port }) => port);
	}

	/** The one of the first masters that has had a slot from the beginning. */
	ownerOf(slot: number): RedisServer {
		return this.nodes[Math.floor(slot / 5_461.5)]!;
	}

	/** One more node, which takes the place of a master that dies. The caller's to end. */
	async addReplica(master: RedisServer): Promise<RedisServer> {
		const replica = await RedisServer.start(NODE);
		const id = await idOf(master);
		await replica.command('CLUSTER', 'MEET', '127.0.0.1', String(master.port));
		await until(
			'the new node knows its master',
			async () => (await replica.command('CLUSTER', 'REPLICATE', id)) === '+OK'
		);
		await until('it has the copy', async () => (await replica.command('ROLE')).includes('connected'));
		await until('all know the replica', async () => {
			const lists = await Promise.all(this.nodes.map((node) => node.command('CLUSTER', 'NODES')));
			return lists.every((list) => list.includes(`slave ${id}`));
		});
		return replica;
	}

	/** Starts a node that was killed; resolves when it follows the one that took its place. */
	async revive(node: RedisServer): Promise<void> {
		await node.start();
		await until('it follows the new master', async () => /slave[^]*connected/.test(await node.command('ROLE')));
	}

	/** Gives a slot, without its keys, to another node; the one that had it lets go first. */
	async move(slot: number, nodes: { from: RedisServer; to: RedisServer }): Promise<void> {
		const { from, to } = nodes;
		const id = await idOf(to);
		const others = this.nodes.filter((node) => node !== from);
		for (const node of [from, ...others]) {
			await until('the slot has moved', async () => {
				if (node === from) await node.command('FLUSHALL');
				return (await node.command('CLUSTER', 'SETSLOT', String(slot), 'NODE', id)) === '+OK';
			});
		}
	}

	async [Symbol.asyncDispose](): Promise<void> {
		for (const node of this.nodes) await node[Symbol.asyncDispose]();
	}
}

export const MASTER_NAME = 'tidewire-test';

export class WatchedRedis implements AsyncDisposable {
	readonly master: RedisServer;
	readonly replica: RedisServer;
	readonly sentinel: RedisServer;

	private constructor(servers: [master: RedisServer, replica: RedisServer, sentinel: RedisServer]) {
		[this.master, this.replica, this.sentinel] = servers;
	}

	static async start(): Promise<WatchedRedis> {
		const settings = ['--repl-diskless-sync-delay', '0'];
		const [master, replica] = await Promise.all([RedisServer.start(settings), RedisServer.start(settings)]);
		await replica.command('REPLICAOF', '127.0.0.1', String(master.port));
		await until('the replica has its master', async () => (await replica.command('ROLE')).includes('connected'));
		const sentinel = await RedisServer.startSentinel((folder) => {
			const file = join(folder, 'sentinel.conf');
			const lines = [
				`monitor ${MASTER_NAME} 127.0.0.1 ${master.port} 1`,
				`down-after-milliseconds ${MASTER_NAME} 500`,
				`failover-timeout ${MASTER_NAME} 3000`
			];
			writeFileSync(file, lines.map((line) => `sentinel ${line}\n`).join(''));
			return file;
		});
		const watched = new WatchedRedis([master, replica, sentinel]);
		await until('Sentinel knows the replica', async () =>
			(await sentinel.command('SENTINEL', 'MASTER', MASTER_NAME)).includes('num-slaves\r\n$1\r\n1')
		);
		return watched;
	}

	async [Symbol.asyncDispose](): Promise<void> {
		for (const server of [this.sentinel, this.replica, this.master]) await server[Symbol.asyncDispose]();
	}
}
