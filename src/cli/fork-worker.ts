// A worker of `node:cluster` as the supervisor sees it.

import cluster from 'node:cluster';
import type { Ending, Running } from './slot.ts';

/** Runs this same command in a worker. */
export function forkWorker(): Running {
	const worker = cluster.fork();
	const ready = Promise.withResolvers<boolean>();
	const ended = Promise.withResolvers<Ending>();
	const end = (ending: Ending): void => {
		ready.resolve(false);
		ended.resolve(ending);
	};
	worker.once('listening', () => ready.resolve(true));
	worker.once('exit', (code, signal) => end({ code, signal }));
	// The system started no process: nothing will exit.
	worker.on('error', () => worker.process.pid === undefined && end({ code: 1, signal: null }));
	return {
		pid: worker.process.pid,
		ready: ready.promise,
		ended: ended.promise,
		signal: (name) => void worker.process.kill(name)
	};
}
