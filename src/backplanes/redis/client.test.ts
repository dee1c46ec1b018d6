import { expect, it } from 'vitest';
import { clientKind, type RedisClient } from './client.ts';

const nothing = (): void => {};
const common = { connect: async () => {}, disconnect: nothing, destroy: nothing, on: nothing, duplicate: nothing };

it.each<[kind: string, client: object, isCluster: boolean]>([
	['a server', { call: nothing }, false],
	['a Cluster', { call: nothing, isCluster: true }, true],
	['a server of node-redis', { sendCommand: nothing }, false],
	['a Cluster of node-redis', { sendCommand: nothing, masters: [] }, true],
	['a Sentinel of node-redis', { sendCommand: nothing, getSentinelNode: nothing }, false]
])('knows %s', (_, client, isCluster) => {
	expect(clientKind({ ...common, ...client } as unknown as RedisClient).isCluster).toBe(isCluster);
});

it('refuses what is neither an address nor a client', () => {
	expect(() => clientKind({} as RedisClient)).toThrow('redis() takes an address, or a client of');
	expect(() => clientKind(undefined as unknown as RedisClient)).toThrow(TypeError);
});

it('refuses a Sentinel that cannot be copied', () => {
	const { duplicate: _, ...older } = { ...common, sendCommand: nothing, getSentinelNode: nothing };
	expect(() => clientKind(older as unknown as RedisClient)).toThrow('needs its version 6');
});
