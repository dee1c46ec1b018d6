// `tidewire/cluster`

export { cluster, type ClusterOptions } from './cluster.ts';
export { joinWorkers, type Workers, type WorkersOptions } from './join-workers.ts';
