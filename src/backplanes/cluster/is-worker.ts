// Whether this process is a worker of a primary that joins its workers. Loaded by every app on the server, so it imports
// nothing of Node.

/** The name of the variable that the primary leaves to its workers: its process id. */
export const PRIMARY_VARIABLE = 'TIDEWIRE_PRIMARY';

interface NodeProcess {
	env: Record<string, string | undefined>;
	ppid: number;
	send?: unknown;
	getBuiltinModule?(name: 'node:cluster'): { isWorker: boolean };
}

/** The process itself, where there is one. */
const current = (): NodeProcess | undefined => (globalThis as { process?: NodeProcess }).process;

/** A process that a worker starts inherits the variable, and has another parent. */
export function isJoinedWorker(): boolean {
	const process = current();
	return process?.send !== undefined && process.env[PRIMARY_VARIABLE] === String(process.ppid);
}

/** A worker of `node:cluster` that nothing joins with the others. */
export function isLoneWorker(): boolean {
	return !isJoinedWorker() && current()?.getBuiltinModule?.('node:cluster').isWorker === true;
}
