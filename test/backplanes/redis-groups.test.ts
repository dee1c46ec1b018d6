// The Redis backplane on servers that work together: a Cluster, and a master that Sentinel replaces.
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { redis, type RedisBackplane } from '../../src/backplanes/redis/redis.ts';
import { slotOf } from '../../src/backplanes/redis/slot.ts';
import { encodeTopic } from '../../src/protocol/topic.ts';
import { backplaneContract } from '../../src/testing/backplane-contract.ts';
import { storeContract } from '../../src/testing/store-contract.ts';
import { LogReader } from '../support/log-reader.ts';
import { LIBRARIES, makeClusterClient, makeSentinelClient } from '../support/redis-clients.ts';
import { RedisProcesses } from '../support/redis-processes.ts';
import { MASTER_NAME, RedisCluster, WatchedRedis } from '../support/services/redis-groups.ts';
import type { RedisServer } from '../support/services/redis.ts';

const topic = encodeTopic(['board', 'one']);
const opened: RedisBackplane[] = [];

afterEach(async () => {
	for (const backplane of opened.splice(0)) await backplane.stop();
});

function keep(backplane: RedisBackplane): RedisBackplane {
	opened.push(backplane);
	return backplane;
}

describe('a Cluster', () => {
	let cluster: RedisCluster;
	beforeAll(async () => {
		cluster = await RedisCluster.start();
	});
	afterAll(() => cluster[Symbol.asyncDispose]());

	describe.each(LIBRARIES)('with %s', (library) => {
		const processes = new RedisProcesses();
		afterAll(() => processes.end());
		const events = 16;
		const open = async (): Promise<RedisBackplane> => redis(makeClusterClient(library, cluster.ports), { events });
		const create = async (): Promise<RedisBackplane> => {
			for (const node of cluster.nodes) await node.command('FLUSHALL');
			return open();
		};
		const contract = backplaneContract({
			create,
			reopen: open,
			peer: () => processes.one({ at: cluster.ports, library, events }),
			history: events,
			dispose: () => processes.release()
		});

		it.each(contract)('$title', async ({ run }) => {
			await expect(run()).resolves.toBeUndefined();
		});

		const pass = (ms: number): Promise<void> => delay(ms);
		const stored = storeContract({ create, join: open, pass, dispose: async () => {} });

		it.each(stored)('shared store: $title', async ({ run }) => {
			await expect(run()).resolves.toBeUndefined();
		});

		it('carries the events of many topics between processes, each over the node that has it', async () => {
			const [one, other] = [keep(await create()), keep(await open())];
			const heard = new Set<string>();
			await other.start((delivery) => heard.add(`${delivery.topic} ${delivery.offset} ${delivery.body}`));
			await one.start(() => {});
			const topics = Array.from({ length: 60 }, (_, index) => encodeTopic(['board', index]));
			await Promise.all(topics.map(async (name) => other.subscribe(name)));
			await Promise.all(topics.flatMap((name) => [one.append(name, '"a",1'), one.append(name, '"a",2')]));
			await expect.poll(() => heard.size).toBe(120);
			const channels = await Promise.all(cluster.nodes.map((node) => node.command('PUBSUB', 'SHARDCHANNELS')));
			for (const list of channels) expect(Number(/^\*(\d+)/.exec(list)?.[1])).toBeGreaterThan(5);
		});

		it('hears a topic again when its slot has moved to another node', async () => {
			const reader = await new LogReader(keep(await create())).start(topic);
			const writer = keep(await open());
			await writer.start(() => {});
			const slot = slotOf('{board/one}');
			const from = cluster.ownerOf(slot);
			const to = cluster.nodes.find((node) => node !== from)!;
			await cluster.move(slot, { from, to });
			await writer.append(topic, '"created",1');
			await reader.until(({ resets }) => resets > 0);
			await reader.until(({ statuses }) => statuses.at(-1)?.available === true);
			await writer.append(topic, '"created",2');
			await reader.until(({ seen }) => seen.at(-1)?.data === 2);
			expect(reader.resets).toBe(1);
			await cluster.move(slot, { from: to, to: from });
		});
	});

	describe('whose master dies', () => {
		let replica: RedisServer;
		beforeAll(async () => {
			replica = await cluster.addReplica(cluster.ownerOf(slotOf('{board/one}')));
		});
		afterAll(() => replica[Symbol.asyncDispose]());

		it.each(LIBRARIES)('resets readers, and goes on with the replica: with %s', async (library) => {
			const pair = [cluster.ownerOf(slotOf('{board/one}')), replica];
			const roles = await Promise.all(pair.map((node) => node.command('ROLE')));
			const master = pair[roles.findIndex((role) => role.includes('master'))]!;
			const open = (): RedisBackplane =>
				keep(redis(makeClusterClient(library, cluster.ports), { timeoutMs: 1_000 }));
			await expectFailover({ open, master });
			await cluster.revive(master);
		});
	});
});

describe('a master that Sentinel replaces', () => {
	it.each(LIBRARIES)('takes its epoch with it: with %s', async (library) => {
		await using watched = await WatchedRedis.start();
		const sentinel = { name: MASTER_NAME, port: watched.sentinel.port };
		const open = (): RedisBackplane => keep(redis(makeSentinelClient(library, sentinel), { timeoutMs: 1_000 }));
		await expectFailover({ open, master: watched.master });
	});
});

/** When a master is killed, readers are reset, and read what the new one acknowledges. */
async function expectFailover({ open, master }: { open: () => RedisBackplane; master: RedisServer }): Promise<void> {
	const reader = await new LogReader(open()).start(topic);
	const writer = open();
	await writer.start(() => {});
	const before = await writer.append(topic, '"created",1');
	await reader.until(({ seen }) => seen.at(-1)?.data === 1);
	await master.kill();
	await expect(writer.append(topic, '"created",2')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
	await reader.until(({ resets }) => resets > 0);
	expect(await reader.backplane.read(topic, before)).toEqual({ kind: 'reset', reason: 'epoch' });
	await expect.poll(() => writer.append(topic, '"created",3').catch(() => null), { timeout: 20_000 }).not.toBeNull();
	await reader.until(({ seen }) => seen.at(-1)?.data === 3);
	expect(reader.resets).toBe(1);
}
