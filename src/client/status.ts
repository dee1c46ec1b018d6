// The states of a connection and the only ways between them.

import type { LiveError } from '../base/errors.ts';

/**
 * - `idle`: nothing was asked for yet
 * - `connecting`: a socket is being opened
 * - `greeting`: the socket is open, the server has not said welcome yet
 * - `open`: calls are answered, streams are current
 * - `waiting`: the connection failed or was lost; another attempt follows by itself
 * - `refused`: the server does not want this client; it asks again when the page comes online or into view, after
 *   `configure`, and on `reconnect()`
 * - `closed`: by `close()`; `reconnect()` opens it again
 */
export type ConnectionState = 'idle' | 'connecting' | 'greeting' | 'open' | 'waiting' | 'refused' | 'closed';

export interface ConnectionStatus {
	readonly state: ConnectionState;
	/** Why the connection is not open; undefined while it is, and before the first attempt has ended. */
	readonly error: LiveError | undefined;
	/**
	 * While `waiting`: when the next attempt begins by itself, in milliseconds since the Unix epoch. It comes sooner when the
	 * page returns into view or online.
	 */
	readonly retryAt: number | undefined;
}

/** `reconnect()` leads from every state to `connecting`. */
export const SUCCESSORS: Readonly<Record<ConnectionState, readonly ConnectionState[]>> = {
	idle: ['connecting', 'closed'],
	connecting: ['greeting', 'waiting', 'refused', 'connecting', 'closed'],
	greeting: ['open', 'waiting', 'refused', 'connecting', 'closed'],
	open: ['waiting', 'refused', 'connecting', 'closed'],
	waiting: ['connecting', 'closed'],
	refused: ['connecting', 'closed'],
	closed: ['connecting']
};
