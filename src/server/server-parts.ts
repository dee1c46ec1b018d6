// What a connection shares with all others of its server.

import type { Clock } from '../base/clock.ts';
import type { Limits } from '../protocol/limits.ts';
import type { Backplane } from './backplane.ts';
import type { ErrorHook } from './failure.ts';
import type { Features } from './features.ts';
import type { Hub } from './hub.ts';
import type { ConnectionState, LiveConnection } from './live-connection.ts';
import type { LiveProcess } from './processes/process.ts';
import type { Observer } from './observer.ts';
import type { Publisher } from './publisher.ts';
import type { Registry } from './registry.ts';

export interface ServerParts {
	readonly clock: Clock;
	readonly limits: Limits;
	readonly registry: Registry;
	readonly hub: Hub;
	readonly backplane: Backplane;
	readonly process: LiveProcess;
	readonly publisher: Publisher;
	/** What features keep for this server. */
	readonly features: Features;
	readonly onError: ErrorHook;
	readonly observer: Observer | null;
	/** Whether the server is shutting down and takes no new work. */
	readonly draining: boolean;
	/** Flushes the connection at the end of this pass of the event loop. */
	flushSoon(connection: LiveConnection): void;
	stateChanged(connection: LiveConnection, state: ConnectionState): void;
	/** The connection has answered all its calls. */
	callsDone(connection: LiveConnection): void;
	/** A handler runs until this settles, also where its caller has gone. */
	handling(outcome: PromiseLike<unknown>): void;
}
