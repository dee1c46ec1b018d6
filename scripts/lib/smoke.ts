// Starts the project as a person would (`npm start`) on a free port, waits for a page, sends SIGTERM and expects the
// server to end by itself.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Outcome } from './outcome.ts';
import { namedCheck } from './outcome.ts';
import { freePort } from './port.ts';
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
	const ended = once(app, 'exit').then(() => undefined);
	const status = await Promise.race([firstStatus(`http://127.0.0.1:${port}/`), ended]);
	app.kill('SIGTERM');
	await Promise.race([ended, sleep(STOP_TIMEOUT_MS, undefined, { ref: false })]);
	const gone = await groupEnds(app.pid);
	return namedCheck(
		`npm start answers ${status ?? 'nothing'} and ${gone ? 'ends' : 'does not end'} on SIGTERM`,
		status !== undefined && status < 400 && gone
	);
}

/** The status of the first answer, or undefined when none came in time. */
async function firstStatus(url: string): Promise<number | undefined> {
	const deadline = Date.now() + START_TIMEOUT_MS;
	while (Date.now() < deadline) {
		const response = await fetch(url, { redirect: 'manual' }).catch(() => undefined);
		await response?.body?.cancel();
		if (response) return response.status;
		await sleep(200);
	}
	return undefined;
}

/** Waits until no process of the group is left; after the time limit it ends them and says false. */
async function groupEnds(group: number | undefined): Promise<boolean> {
	const deadline = Date.now() + STOP_TIMEOUT_MS;
	while (Date.now() < deadline) {
		if (!signalGroup(group, 0)) return true;
		await sleep(100);
	}
	signalGroup(group, 'SIGKILL');
	return false;
}

/** Sends a signal to a process group (0 only asks); false when the group is gone. */
function signalGroup(group: number | undefined, signal: NodeJS.Signals | 0): boolean {
	try {
		return group !== undefined && process.kill(-group, signal);
	} catch {
		return false;
	}
}
