// The primary's side of `node:cluster`.

import cluster from 'node:cluster';
import { channelTo } from './process-channel.ts';
import { PRIMARY_VARIABLE } from './is-worker.ts';
import { Primary } from './primary.ts';

export interface WorkersOptions {
	/** Told of what fails in the primary and no worker is told. @default prints it */
	onError?: (error: unknown) => void;
}

export interface Workers {
	/** Closes the history. Call it when no worker runs any more. */
	stop(): Promise<void>;
}

/**
 * Joins the workers that this primary forks from now on: their publishing, histories and streams are those of one server.
 * Their applications are configured with `cluster()`, or started with nothing but SvelteKit's hook.
 */
export function joinWorkers({ onError = printError }: WorkersOptions = {}): Workers {
	const primary = new Primary({ onError });
	process.env[PRIMARY_VARIABLE] = String(process.pid);
	cluster.on('fork', (worker) => primary.attach(channelTo(worker)));
	return primary;
}

function printError(error: unknown): void {
	// oxlint-disable-next-line no-console -- the default, where the primary sets no `onError`
	console.error('tidewire: the primary process failed:', error);
}
