import { once } from 'node:events';
import { createServer } from 'node:net';

/** A TCP port that nobody listens on right now, of at most `highest`. */
export async function freePort(highest = 65_535): Promise<number> {
	const server = createServer().listen(0);
	await once(server, 'listening');
	const address = server.address();
	server.close();
	await once(server, 'close');
	if (address === null || typeof address === 'string') throw new Error('the system gave no port');
	return address.port <= highest ? address.port : freePort(highest);
}
