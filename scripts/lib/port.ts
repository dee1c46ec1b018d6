import { once } from 'node:events';
import { createServer } from 'node:net';

/** A TCP port that nobody listens on right now. */
export async function freePort(): Promise<number> {
	const server = createServer().listen(0);
	await once(server, 'listening');
	const address = server.address();
	server.close();
	if (address === null || typeof address === 'string') throw new Error('the system gave no port');
	return address.port;
}
