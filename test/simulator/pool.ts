// Runs many histories on all cores: each child process takes the next range of seeds until none is left.

import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { RunOptions, RunSummary } from './run.ts';

/** Seeds that one child runs: enough to make its start cheap, few enough to share the work evenly. */
const DEFAULT_RANGE = 500;
/** A history that never ends is an endless loop: it is ended, and the run fails. */
const TIMEOUT_MS = 120_000;

export interface PoolOptions extends RunOptions {
	/** Where the simulator and the sources under test are; another folder for a changed copy. @default this one */
	folder?: string;
	/** Seeds that one child runs. @default 500 */
	range?: number;
	/** @default one per core */
	processes?: number;
}

/** Runs the histories of consecutive seeds. Ends early where one fails; of several, the lowest seed counts. */
export async function runInPool({
	folder = import.meta.dirname,
	processes,
	range = DEFAULT_RANGE,
	...options
}: PoolOptions): Promise<RunSummary> {
	const total: RunSummary = { histories: 0, events: 0, failed: null };
	let next = options.first;
	const end = options.first + options.count;
	const work = async (): Promise<void> => {
		while (next < end && total.failed === null) {
			const first = next;
			next = Math.min(next + range, end);
			const summary = await runInChild(folder, { ...options, first, count: next - first });
			total.histories += summary.histories;
			total.events += summary.events;
			total.failed = lowest(total.failed, summary.failed);
		}
	};
	await Promise.all(Array.from({ length: processes ?? availableParallelism() }, work));
	return total;
}

function lowest(one: RunSummary['failed'], other: RunSummary['failed']): RunSummary['failed'] {
	if (one === null || other === null) return one ?? other;
	return one.seed < other.seed ? one : other;
}

/** One process, one range. */
async function runInChild(folder: string, { first, count, steps, subject }: RunOptions): Promise<RunSummary> {
	const args = [first, count, steps, ...(subject ? [subject] : [])].map(String);
	return (await runScript(join(folder, 'run.ts'), args)) as RunSummary;
}

/** Runs TypeScript as it is, in a process of its own. Returns the JSON that it prints. */
export async function runScript(file: string, args: readonly string[] = []): Promise<unknown> {
	const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', file, ...args], {
		stdio: ['ignore', 'pipe', 'pipe']
	});
	let output = '';
	let errors = '';
	child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
	child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
	const timer = setTimeout(() => child.kill('SIGKILL'), TIMEOUT_MS);
	const code = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
	clearTimeout(timer);
	if (code !== 0) throw new Error(`${file} ${args.join(' ')} ended with code ${String(code)}:\n${errors}`);
	return JSON.parse(output);
}
