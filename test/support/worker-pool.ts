// A primary in this process and workers that it has forked, which are used again from test to test: starting a process
// takes longer than any of these tests.
import { join } from 'node:path';
import type { Channel } from '../../src/backplanes/cluster/channel.ts';
import { PRIMARY_VARIABLE } from '../../src/backplanes/cluster/is-worker.ts';
import { Primary, type PrimaryOptions } from '../../src/backplanes/cluster/primary.ts';
import { channelTo } from '../../src/backplanes/cluster/process-channel.ts';
import type { WorkerSettings } from './cluster-worker.ts';
import { RemoteBackplane } from './remote-backplane.ts';

const WORKER = join(import.meta.dirname, 'cluster-worker.ts');

export class WorkerPool implements AsyncDisposable {
	readonly errors: unknown[] = [];
	readonly #idle: RemoteBackplane[] = [];
	#busy: RemoteBackplane[] = [];
	#channels: Channel<never, never>[] = [];
	#primary: Primary | null = null;

	/** A primary with an empty history, without workers. */
	begin(options: Partial<PrimaryOptions> = {}): void {
		this.#primary = new Primary({ onError: (error) => this.errors.push(error), ...options });
	}

	/** A worker of the primary, not started. */
	async worker(settings: WorkerSettings): Promise<RemoteBackplane> {
		const env = { [PRIMARY_VARIABLE]: String(process.pid) };
		const worker = this.#idle.pop() ?? (await RemoteBackplane.fork(WORKER, env));
		const channel = channelTo<never, never>(worker.process);
		this.#primary?.attach(channel);
		this.#channels.push(channel);
		this.#busy.push(worker);
		return worker.create(settings);
	}

	/** Ends the primary; the workers that still run wait for the next one. */
	async end(): Promise<void> {
		await Promise.all(this.#busy.map((worker) => worker.stop()));
		await this.#primary?.stop();
		for (const channel of this.#channels) channel.close();
		this.#idle.push(...this.#busy.filter((worker) => worker.isRunning));
		this.#primary = null;
		this.#channels = [];
		this.#busy = [];
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await this.end();
		await Promise.all(this.#idle.map((worker) => worker.kill()));
	}
}
