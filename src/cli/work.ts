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
	// The channel to the primary would keep a worker alive that has nothing left to do.
	(process as EventEmitter).on('sveltekit:shutdown', () => process.channel?.unref());
	const { server } = (await import(pathToFileURL(entry).href)) as { server?: Partial<EventEmitter> };
	server?.on?.('error', (error: ServerError) => {
		report(`cannot listen: ${reasonOf(error)}`);
		process.exit(1);
	});
}

function reasonOf({ code, address, port, message }: ServerError): string {
	const place = port === undefined ? address : `port ${port}`;
	if (code === 'EADDRINUSE') return `${place} is in use. Another one is set with PORT=…`;
	if (code === 'EACCES') return `${place} may not be used by this user`;
	return message;
}
