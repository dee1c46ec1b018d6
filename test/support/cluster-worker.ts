// The backplane of a forked worker, for `backplane-process.ts`.
import { cluster, type ClusterOptions } from '../../src/backplanes/cluster/cluster.ts';
import { memory } from '../../src/backplanes/memory/memory.ts';
import { sqlite } from '../../src/backplanes/sqlite/sqlite.ts';
import type { Backplane } from '../../src/server/backplane.ts';

export interface WorkerSettings extends Pick<ClusterOptions, 'afterCrash'> {
	/** The most events of a topic. */
	events: number;
	/** Where the history is; in memory where there is none. */
	file?: string;
}

export function create({ events, file, ...options }: WorkerSettings): Backplane {
	return cluster({ log: file === undefined ? memory({ events }) : sqlite(file, { events }), ...options });
}
