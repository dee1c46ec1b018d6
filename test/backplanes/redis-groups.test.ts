// The Redis backplane on servers that work together: a Cluster, and a master that Sentinel replaces.
import { Cluster as IoredisCluster, Redis as Ioredis } from 'ioredis';
import { Cluster as IovalkeyCluster } from 'iovalkey';
import { createCluster } from 'redis';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { RedisClient } from '../../src/backplanes/redis/client.ts';
import { redis, type RedisBackplane } from '../../src/backplanes/redis/redis.ts';
import { slotOf } from '../../src/backplanes/redis/slot.ts';
import { encodeTopic } from '../../src/protocol/topic.ts';
import { backplaneContract } from '../../src/testing/backplane-contract.ts';
import { storeContract } from '../../src/testing/store-contract.ts';
import { LogReader } from '../support/log-reader.ts';
import { LIBRARIES, type Library } from '../support/redis-clients.ts';
import { MASTER_NAME, RedisCluster, WatchedRedis } from '../support/services/redis-groups.ts';

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

	function client(library: Library): RedisClient {
		const nodes = cluster.nodes.map(({ port }) => ({ host: '127.0.0.1', port }));
		if (library === 'redis') return createCluster({ rootNodes: cluster.nodes.map(({ url }) => ({ url })) });
		const options = { lazyConnect: true };
		return library === 'ioredis' ? new IoredisCluster(nodes, options) : new IovalkeyCluster(nodes, options);
	}

	describe.each(LIBRARIES)('with %s', (library) => {
		const open = async (): Promise<RedisBackplane> => redis(client(library), { events: 16 });
		const create = async (): Promise<RedisBackplane> => {
			for (const node of cluster.nodes) await node.command('FLUSHALL');
			return open();
		};
		const contract = backplaneContract({ create, reopen: open, history: 16, dispose: async () => {} });

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
			const owner = Math.floor(slot / 5_461.5);
			const [from, to] = [cluster.nodes[owner]!, cluster.nodes[(owner + 1) % 3]!];
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
});

describe('a master that Sentinel replaces', () => {
	it('takes its epoch with it: readers are reset, and what the new one acknowledges is read', async () => {
		await using watched = await WatchedRedis.start();
		const sentinels = [{ host: '127.0.0.1', port: watched.sentinel.port }];
		const open = (): RedisBackplane =>
			keep(redis(new Ioredis({ sentinels, name: MASTER_NAME, lazyConnect: true }), { timeoutMs: 1_000 }));
		const reader = await new LogReader(open()).start(topic);
		const writer = open();
		await writer.start(() => {});
		const before = await writer.append(topic, '"created",1');
		await reader.until(({ seen }) => seen.length === 1);
		await watched.master.kill();
		await expect(writer.append(topic, '"created",2')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
		await reader.until(({ resets }) => resets === 1);
		expect(await reader.backplane.read(topic, before)).toEqual({ kind: 'reset', reason: 'epoch' });
		await expect
			.poll(() => writer.append(topic, '"created",3').catch(() => null), { timeout: 10_000 })
			.not.toBeNull();
		await reader.until(({ seen }) => seen.at(-1)?.data === 3);
	});
});
