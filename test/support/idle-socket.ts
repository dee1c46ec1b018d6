// A socket that does nothing, for tests of what is around it.
import type { TransportSocket } from '../../src/server/transport.ts';

export const idleSocket = (own: Partial<TransportSocket> = {}): TransportSocket => ({
	remoteAddress: undefined,
	bufferedBytes: 0,
	send: () => {},
	sendMessage: () => {},
	close: () => {},
	terminate: () => {},
	pause: () => {},
	resume: () => {},
	...own
});
