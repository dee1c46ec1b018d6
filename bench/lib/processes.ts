// Starts the servers and the load client, each on a core of its own where the machine lets us. Invariant: a process that
// this module started does not outlive the benchmark.

import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { cpus } from 'node:os';

const SERVER_CORE = 0;
export const CLIENT_CORE = 1;

/** Whether processes are pinned. */
export const isPinned = cpus().length > 1 && spawnSync('taskset', ['-V']).status === 0;

const started = new Set<ChildProcess>();
process.on('exit', () => {
	for (const child of started) child.kill('SIGKILL');
});

export function start(core: number, command: readonly string[], withMessages = false): ChildProcess {
	const [program = '', ...args] = isPinned ? ['taskset', '-c', String(core), ...command] : command;
	const child = spawn(program, args, {
		stdio: ['ignore', 'pipe', 'inherit', ...(withMessages ? (['ipc'] as const) : [])],
		env: { ...process.env, NODE_ENV: 'production' }
	});
	started.add(child);
	child.on('exit', () => started.delete(child));
	return child;
}

export async function stop(child: ChildProcess): Promise<void> {
	if (child.exitCode !== null || child.signalCode !== null) return;
	child.kill('SIGKILL');
	await once(child, 'exit');
}

async function freePort(): Promise<number> {
	const probe = createServer();
	await once(probe.listen(0, '127.0.0.1'), 'listening');
	const { port } = probe.address() as AddressInfo;
	await new Promise((resolve) => probe.close(resolve));
	return port;
}

/** Starts a server program and resolves when it has printed `ready`. */
export async function startServer(command: readonly string[], core = SERVER_CORE) {
	const port = await freePort();
	const child = start(core, [...command, String(port)]);
	await new Promise<void>((resolve, reject) => {
		child.stdout?.on('data', (data: Buffer) => data.includes('ready') && resolve());
		child.on('exit', () => reject(new Error(`${command.at(-1) ?? ''} ended before it was ready`)));
		child.on('error', reject);
	});
	return { child, port };
}
