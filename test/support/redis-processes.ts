// Forked processes with a Redis backplane each, which are used again from test to test.
import { join } from 'node:path';
import { RemoteBackplane } from './remote-backplane.ts';
import type { RedisSettings } from './redis-process.ts';

const PROCESS = join(import.meta.dirname, 'redis-process.ts');

export class RedisProcesses {
	#idle: RemoteBackplane[] = [];
	#busy: RemoteBackplane[] = [];

	async one(settings: RedisSettings): Promise<RemoteBackplane> {
		const process = this.#idle.pop() ?? (await RemoteBackplane.fork(PROCESS));
		this.#busy.push(process);
		return process.create(settings);
	}

	async release(): Promise<void> {
		await Promise.all(this.#busy.map((process) => process.stop()));
		this.#idle.push(...this.#busy.filter((process) => process.isRunning));
		this.#busy = [];
	}

	async end(): Promise<void> {
		await Promise.all([...this.#idle, ...this.#busy].map((process) => process.kill()));
	}
}
