// `tidewire serve` in the primary process: checks what it was given, keeps the workers running, ends with them.

import cluster from 'node:cluster';
import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { joinWorkers } from '../backplanes/cluster/join-workers.ts';
import { systemClock } from '../base/clock.ts';
import type { ServeCommand } from './arguments.ts';
import { forkWorker } from './fork-worker.ts';
import { report } from './report.ts';
import { Supervisor } from './supervisor.ts';

/** @throws {Error} where there is nothing to run */
export function entryOf(path: string): string {
	if (!existsSync(path)) throw new Error(`there is no "${path}": build the app first (\`npm run build\`)`);
	const entry = statSync(path).isDirectory() ? join(path, 'index.js') : path;
	if (existsSync(entry)) return resolve(entry);
	throw new Error(`"${path}" has no index.js: serve needs what adapter-node builds, or a server of your own`);
}

/** Returns the exit code, when all workers have ended. */
export async function serve({ path, workers }: ServeCommand): Promise<number> {
	entryOf(path);
	// Text is copied as it is; JSON would be escaped and parsed on both sides.
	cluster.setupPrimary({ serialization: 'advanced' });
	const history = joinWorkers();
	const supervisor = new Supervisor({ fork: forkWorker, clock: systemClock, random: Math.random, report });
	const stopping = stopBySignal(supervisor);
	try {
		if (!(await supervisor.start(workers))) return 1;
		report(`${workers} ${workers === 1 ? 'worker serves' : 'workers serve'} ${path}`);
		return (await stopping) ? 0 : 1;
	} finally {
		await history.stop();
	}
}

/** Resolves when a signal has ended all workers, to whether they ended in order. */
function stopBySignal(supervisor: Supervisor): Promise<boolean> {
	return new Promise((done) => {
		let asked = false;
		const stop = (): void => {
			if (asked) return supervisor.kill();
			asked = true;
			void supervisor.stop().then(done);
		};
		for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, stop);
		// In a terminal it says that the window was closed.
		process.on('SIGHUP', () => (process.stdout.isTTY ? stop() : void supervisor.restart()));
	});
}
