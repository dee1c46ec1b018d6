// The services that events go over, started privately, and what they cost.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { NatsServer } from '../../test/support/services/nats.ts';
import { RedisServer } from '../../test/support/services/redis.ts';
import { NATS_VARIANTS } from './nats-variants.ts';
import { REDIS_VARIANTS } from './redis-variants.ts';
import type { Variant } from './variant.ts';

export interface BenchService extends AsyncDisposable {
	readonly name: string;
	readonly version: string;
	readonly url: string;
	/** The first one is what the others are compared with. */
	readonly variants: readonly Variant[];
	/** Forgets what the last variant left. */
	clear(): Promise<void>;
	/** The CPU time that it has taken so far, in microseconds. */
	cpuMicros(): Promise<number>;
}

export const SERVICES: Readonly<Record<string, () => Promise<BenchService>>> = { redis: startRedis, nats: startNats };

async function startRedis(): Promise<BenchService> {
	const server = await RedisServer.start();
	return {
		name: 'Redis',
		version: /redis_version:(\S+)/.exec(await server.command('INFO', 'server'))?.[1] ?? '',
		url: server.url,
		variants: REDIS_VARIANTS,
		clear: async () => void (await server.command('FLUSHALL')),
		cpuMicros: async () => {
			const info = await server.command('INFO', 'cpu');
			const seconds = (name: string): number => Number(new RegExp(`${name}:([\\d.]+)`).exec(info)?.[1]);
			return (seconds('used_cpu_user') + seconds('used_cpu_sys')) * 1e6;
		},
		[Symbol.asyncDispose]: () => server[Symbol.asyncDispose]()
	};
}

async function startNats(): Promise<BenchService> {
	const server = await NatsServer.start();
	return {
		name: 'NATS',
		version: server.version,
		url: server.url,
		variants: NATS_VARIANTS,
		clear: async () => {
			await server.kill();
			server.clear();
			await server.start();
		},
		cpuMicros: async () => ticksOf(server.pid) * MICROS_PER_TICK,
		[Symbol.asyncDispose]: () => server[Symbol.asyncDispose]()
	};
}

const MICROS_PER_TICK = 1e6 / Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** NATS does not tell; Linux does. 0 on other systems. */
function ticksOf(pid: number): number {
	try {
		const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
		return Number(fields[11]) + Number(fields[12]);
	} catch {
		return 0;
	}
}
