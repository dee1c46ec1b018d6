// Starts the project as a person would (`npm start`) on a free port, waits for a page, sends SIGTERM and expects the
// server to end by itself.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Outcome } from './outcome.ts';
import { namedCheck } from './outcome.ts';
import { root } from './run.ts';

const START_TIMEOUT_MS = 180_000;
const STOP_TIMEOUT_MS = 20_000;

export async function startAndStop(): Promise<Outcome> {
	const port = await freePort();
	// A group of its own, so that nothing of it is left behind when it does not end by itself.
	const app = spawn('npm', ['start'], {
		cwd: root,
		env: { ...process.env, PORT: String(port) },
		stdio: 'inherit',
		detached: true
	});
	const ended = once(app, 'exit').then(() => true);
	const status = await Promise.race([firstStatus(`http://127.0.0.1:${port}/`), ended.then(() => undefined)]);
	app.kill('SIGTERM');
	const closed = await Promise.race([ended, sleep(STOP_TIMEOUT_MS, false, { ref: false })]);
	const released = closed && !(await answers(`http://127.0.0.1:${port}/`));
	if (!released) killGroup(app.pid);
	return namedCheck(
		`npm start answers ${status ?? 'nothing'} and ${released ? 'ends' : 'does not end'} on SIGTERM`,
		status !== undefined && status < 400 && released
	);
}

/** The status of the first answer, or undefined when none came in time. */
async function firstStatus(url: string): Promise<number | undefined> {
	const deadline = Date.now() + START_TIMEOUT_MS;
	while (Date.now() < deadline) {
		const status = await answers(url);
		if (status) return status;
		await sleep(200);
	}
	return undefined;
}

async function answers(url: string): Promise<number | undefined> {
	const response = await fetch(url, { redirect: 'manual' }).catch(() => undefined);
	await response?.body?.cancel();
	return response?.status;
}

function killGroup(pid: number | undefined): void {
	try {
		if (pid) process.kill(-pid, 'SIGKILL');
	} catch {
		// The group is gone already.
	}
}

async function freePort(): Promise<number> {
	const server = createServer().listen(0);
	await once(server, 'listening');
	const address = server.address();
	server.close();
	return typeof address === 'object' && address ? address.port : 0;
}
