// What joins the processes of the app: what its configuration says, or what the process was started by.

import { isJoinedWorker, isLoneWorker } from '../backplanes/cluster/is-worker.ts';
import { memory } from '../backplanes/memory/memory.ts';
import type { Backplane } from '../server/backplane.ts';

const ALONE =
	'tidewire: this process is one of several workers, and hears nothing of what the others publish: start them with ' +
	'`npx tidewire serve`, or call `joinWorkers()` of "tidewire/cluster" in their primary process';

/**
 * The configured backplane, unless this is a worker and the backplane is for one process only: then the primary keeps
 * that history for all workers.
 */
export async function joinedBackplane(
	configured: Backplane | undefined,
	warn: (message: string) => void
): Promise<Backplane> {
	const isForOneProcess = configured === undefined || configured.recipe !== undefined;
	if (isForOneProcess && isLoneWorker()) warn(ALONE);
	if (!isForOneProcess || !isJoinedWorker()) return configured ?? memory();
	// Imported where it is used: it needs Node.
	const { cluster } = await import('../backplanes/cluster/cluster.ts');
	return cluster(configured ? { log: configured } : {});
}
