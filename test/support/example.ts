// Runs an example app the ways a developer does, each on a free port. Preview and production, on Node or on Bun, serve the
// last build, which `npm test` makes before the end-to-end tests.
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../scripts/lib/port.ts';
import { root } from '../../scripts/lib/run.ts';
import { outputOf, stopProcess } from './child-process.ts';
import { findBun } from './transports/runtimes.ts';

/** `workers` is production in two workers. */
export type Mode = 'dev' | 'preview' | 'production' | 'workers' | 'bun';

export interface RunningExample extends AsyncDisposable {
	/** Without a slash at the end. */
	url: string;
	process: ChildProcess;
	/** What the server has printed so far. */
	output: () => string;
	/** Sends SIGTERM and waits for the end; resolves to the exit code, null when it had to be killed. */
	stop: () => Promise<number | null>;
	/** Sends SIGKILL, as a crash or the system does, and waits for the end. */
	kill: () => Promise<void>;
}

const START_TIMEOUT_MS = 60_000;

/**
 * Starts `examples/NAME` and waits until it answers. `env` is added to the server's environment; its `PORT` is taken
 * where a server is started again.
 */
export async function startExample(
	name: string,
	mode: Mode,
	env: Record<string, string> = {}
): Promise<RunningExample> {
	const port = env['PORT'] ?? String(await freePort());
	const [program, ...args] = commandOf(mode, port);
	const child = spawn(program, args, {
		cwd: join(root, 'examples', name),
		env: { ...process.env, NODE_ENV: mode === 'dev' ? 'development' : 'production', PORT: port, ...env },
		stdio: ['ignore', 'pipe', 'pipe']
	});
	const output = outputOf(child);
	const url = `http://localhost:${port}`;
	const stop = () => stopProcess(child);
	try {
		await answered(child, url);
	} catch (error) {
		await stop();
		throw new Error(`examples/${name} (${mode}) did not start:\n${output()}`, { cause: error });
	}
	const kill = () => killProcess(child);
	return { url, process: child, output, stop, kill, [Symbol.asyncDispose]: async () => void (await stop()) };
}

const tidewire = join(root, 'dist', 'cli', 'tidewire.js');

function commandOf(mode: Mode, port: string): [string, ...string[]] {
	if (mode === 'production') return [process.execPath, 'build'];
	if (mode === 'workers') return [process.execPath, tidewire, 'serve', 'build', '--workers', '2'];
	if (mode === 'bun') return [findBun() ?? 'bun', 'build/index.js'];
	const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js');
	return [process.execPath, vite, mode, '--port', port, '--strictPort', '--clearScreen', 'false'];
}

async function answered(child: ChildProcess, url: string): Promise<void> {
	const deadline = Date.now() + START_TIMEOUT_MS;
	while (Date.now() < deadline) {
		if (child.exitCode !== null) throw new Error(`the server ended with code ${child.exitCode}`);
		const response = await fetch(url, { redirect: 'manual' }).catch(() => undefined);
		await response?.body?.cancel();
		if (response) return;
		await sleep(100);
	}
	throw new Error(`nothing answered at ${url} within ${START_TIMEOUT_MS} ms`);
}

async function killProcess(child: ChildProcess): Promise<void> {
	const ended = once(child, 'exit');
	child.kill('SIGKILL');
	await ended;
}
