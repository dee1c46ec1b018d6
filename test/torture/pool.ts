// Runs many histories at the same time. Each lane is a process with a service of its own, in a process group of its own, so
// that nothing that it started outlives it.

import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { HistoryResult } from './history.ts';
import type { Task } from './lane.ts';

/** Most of a history is waiting, for restarts, timeouts and leases. */
const LANES_PER_CORE = 2;
/** A history that takes longer hangs: it is ended, and the run fails. */
const TIMEOUT_MS = 120_000;

export interface PoolOptions {
	/** Where the campaign and the sources under test are; another folder for a changed copy. @default this one */
	folder?: string;
	/** @default four where there are two cores */
	lanes?: number;
	/** Whether to go on after this one. @default as long as nothing goes wrong */
	goOn?: (result: HistoryResult) => boolean;
}

/** Runs all of them, or until one goes wrong. Returns the results in no particular order. */
export async function runAll(tasks: readonly Task[], options: PoolOptions = {}): Promise<HistoryResult[]> {
	const { folder = import.meta.dirname, lanes = LANES_PER_CORE * availableParallelism() } = options;
	const { goOn = ({ violation }) => violation === null } = options;
	const results: HistoryResult[] = [];
	const waiting = [...tasks];
	const work = async (): Promise<void> => {
		const lane = new Lane(folder);
		try {
			for (let task = waiting.shift(); task !== undefined; task = waiting.shift()) {
				const result = await lane.run(task);
				results.push(result);
				if (!goOn(result)) waiting.length = 0;
			}
		} finally {
			await lane.end();
		}
	};
	await Promise.all(Array.from({ length: Math.min(lanes, tasks.length) }, work));
	return results;
}

class Lane {
	readonly #child: ChildProcess;
	#errors = '';

	constructor(folder: string) {
		this.#child = fork(join(folder, 'lane.ts'), [], {
			execArgv: ['--disable-warning=ExperimentalWarning'],
			stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
			detached: true
		});
		this.#child.stderr?.on('data', (chunk: Buffer) => (this.#errors += chunk.toString()));
	}

	run(task: Task): Promise<HistoryResult> {
		return new Promise((resolve, reject) => {
			const fail = (reason: string): void =>
				reject(new Error(`seed ${task.seed} on ${task.backplane} ${reason}:\n${this.#errors}`));
			const onExit = (): void => fail('ended');
			const timer = setTimeout(() => fail('hangs'), TIMEOUT_MS);
			this.#child.once('exit', onExit);
			this.#child.once('message', (result: HistoryResult) => {
				clearTimeout(timer);
				this.#child.off('exit', onExit);
				resolve(result);
			});
			this.#child.send(task);
		});
	}

	/** Lets it put away what it has, and ends whatever is left of it. */
	async end(): Promise<void> {
		const { exitCode, signalCode } = this.#child;
		if (exitCode !== null || signalCode !== null) return;
		const ended = once(this.#child, 'exit');
		const timer = setTimeout(() => this.#kill(), 5_000);
		this.#child.disconnect();
		await ended;
		clearTimeout(timer);
		this.#kill();
	}

	#kill(): void {
		try {
			process.kill(-this.#child.pid!, 'SIGKILL');
		} catch {
			// All of it has ended by itself.
		}
	}
}
