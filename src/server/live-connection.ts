// A connection as its server and the server's parts see it. The class itself knows them, so it is not named here.

import type { LiveError } from '../base/errors.ts';
import type { Session } from './session.ts';

/** greeting: waits for hello · open · closing: goodbye was said · closed */
export type ConnectionState = 'greeting' | 'open' | 'closing' | 'closed';

/** What may follow what. */
export const SUCCESSORS: Readonly<Record<ConnectionState, readonly ConnectionState[]>> = {
	greeting: ['open', 'closing', 'closed'],
	open: ['closing', 'closed'],
	closing: ['closed'],
	closed: []
};

export interface LiveConnection {
	/** The same in logs, in presence and in the client. */
	readonly id: string;
	readonly session: Session;
	readonly state: ConnectionState;
	/** Calls that are not answered yet. */
	readonly pendingCalls: number;
	/** Bytes that wait to be sent. */
	readonly queuedBytes: number;
	/** Sends what was queued in this pass of the event loop. */
	flush(): void;
	/** Sends a heartbeat, or ends a connection that was silent for too long. */
	beat(): void;
	/** Loads the streams of a module that was replaced anew. */
	reload(moduleId: string): void;
	/** Says why, then closes. Running calls are aborted and streams end. */
	goodbye(error: LiveError): void;
	/** Ends a connection that does not answer its goodbye. */
	terminate(): void;
}
