// What an application names in its configuration: in a worker of a primary the way to it, anywhere else the history
// itself.

import { systemClock } from '../../base/clock.ts';
import type { Backplane } from '../../server/backplane.ts';
import { memory } from '../memory/memory.ts';
import { isJoinedWorker, isLoneWorker } from './is-worker.ts';
import type { AfterCrash } from './messages.ts';
import { channelTo } from './process-channel.ts';
import { WorkerBackplane } from './worker-backplane.ts';

export interface ClusterOptions {
	/** The history that the primary keeps for all workers, for example `sqlite(file)`. @default in memory */
	log?: Backplane;
	/**
	 * What becomes of clients when a worker ended without a word. It may have stored something that it did not come to
	 * publish: with `resume` clients go on where they were and see that with their next load; with `reload` every
	 * stream of every worker is loaded anew within 30 s. @default 'resume'
	 */
	afterCrash?: AfterCrash;
	/**
	 * The most characters of events that may wait for the primary; beyond, publishing fails with UNAVAILABLE.
	 * @default 16777216
	 */
	waitingCharacters?: number;
}

const DEFAULTS = { afterCrash: 'resume', waitingCharacters: 16 * 1024 * 1024 } as const;

/**
 * Joins the workers of one machine that `tidewire serve` or `joinWorkers` started. In a process of its own it is `log`.
 * @throws {Error} in a worker of `node:cluster` that nothing joins, and where `log` joins processes by itself
 */
export function cluster(options: ClusterOptions = {}): Backplane {
	const { log = memory(), afterCrash, waitingCharacters } = { ...DEFAULTS, ...options };
	const { recipe } = log;
	if (recipe === undefined) {
		throw new Error(
			`tidewire: the primary process cannot keep "${log.name}" for its workers: give it memory or sqlite(file)`
		);
	}
	if (isLoneWorker()) {
		throw new Error(
			'tidewire: nothing joins this worker with the others: call `joinWorkers()` of "tidewire/cluster" in the primary'
		);
	}
	if (!isJoinedWorker()) return log;
	const settings = { recipe, afterCrash };
	return new WorkerBackplane({ channel: channelTo(process), clock: systemClock, settings, waitingCharacters });
}
