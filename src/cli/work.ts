// `tidewire serve` in a worker: runs the app as `node build` would.

import type { EventEmitter } from 'node:events';
import { pathToFileURL } from 'node:url';
import { report } from './report.ts';

interface ServerError extends Error {
	code?: string;
	address?: string;
	port?: number;
}

export async function work(entry: string): Promise<void> {
	for (const signal of ['SIGTERM', 'SIGINT'] as const) letGoAt(signal);
	const { server } = (await import(pathToFileURL(entry).href)) as { server?: Partial<EventEmitter> };
	server?.on?.('error', (error: ServerError) => {
		report(`cannot listen: ${reasonOf(error)}`);
		process.exit(1);
	});
}

/** The channel to the primary would keep a worker alive that has been told to end and has nothing left to do. */
function letGoAt(signal: 'SIGTERM' | 'SIGINT'): void {
	const letGo = (): void => {
		if (process.listenerCount(signal) > 1) return process.channel?.unref();
		// The app leaves signals alone: it ends as it would without us.
		process.off(signal, letGo);
		process.kill(process.pid, signal);
	};
	process.on(signal, letGo);
}

function reasonOf({ code, address, port, message }: ServerError): string {
	const place = port === undefined ? address : `port ${port}`;
	if (code === 'EADDRINUSE') return `${place} is in use. Another one is set with PORT=…`;
	if (code === 'EACCES') return `${place} may not be used by this user`;
	return message;
}
