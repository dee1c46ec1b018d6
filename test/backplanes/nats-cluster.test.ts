// Three servers of NATS that keep the log together: one of them is killed, the one that leads, and nothing that was
// acknowledged is missing, or there twice, for anybody.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connect } from '@nats-io/transport-node';
import { jetstreamManager } from '@nats-io/jetstream';
import { nats } from '../../src/backplanes/nats/nats.ts';
import { encodeTopic } from '../../src/protocol/topic.ts';
import { LogReader } from '../support/log-reader.ts';
import { NatsServer } from '../support/services/nats.ts';
import { Writer } from '../support/writer.ts';

const topic = encodeTopic(['board', 'one']);
const TIMEOUT = { timeout: 90_000 };
let servers: NatsServer[] = [];

beforeAll(async () => {
	servers = await NatsServer.startCluster(3);
}, 30_000);
afterAll(async () => {
	await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()));
});

/** As soon as the servers have settled who leads. */
async function startReader(): Promise<LogReader> {
	const urls = servers.map(({ url }) => url).join(',');
	for (;;) {
		const reader = new LogReader(nats(urls, { replicas: 3 }));
		try {
			return await reader.start(topic);
		} catch {
			await reader.backplane.stop();
		}
	}
}

/** The server that decides what is stored in the log. */
async function findLeader(): Promise<NatsServer> {
	const connection = await connect({ servers: servers.map(({ url }) => url) });
	const { streams } = await jetstreamManager(connection);
	const { cluster, config } = await streams.info('tidewire-log');
	await connection.close();
	expect(config.num_replicas).toBe(3);
	return servers.find(({ name }) => name === cluster?.leader)!;
}

it('a cluster that loses the server that leads goes on with the same log', TIMEOUT, async () => {
	const [one, other] = [await startReader(), await startReader()];
	await one.backplane.store.enter('room', { member: 'ada', value: '' }, null);
	const writer = new Writer(one.backplane, topic);
	await writer.more(50);
	const leader = await findLeader();
	await leader.kill();
	await writer.more(50);
	await leader.start();
	await writer.more(50);
	await writer.end();
	const head = await one.backplane.append(topic, '"created",0');
	await Promise.all([one, other].map((reader) => reader.until(({ position }) => position.offset === head.offset)));
	const numbers = other.seen.map(({ data }) => data);
	for (const { number, position } of writer.acknowledged) {
		expect(position.epoch).toBe(head.epoch);
		expect(numbers[position.offset - 1]).toBe(number);
	}
	expect(new Set(numbers).size).toBe(head.offset);
	expect(one.seen).toEqual(other.seen);
	expect([one.resets, other.resets]).toEqual([0, 0]);
	await expect
		.poll(async () => other.backplane.store.members('room'), { timeout: 20_000 })
		.toEqual([{ member: 'ada', value: '' }]);
	for (const { backplane } of [one, other]) await backplane.stop();
});
