// What a connection shares with all others of its server.

import type { Limits } from '../protocol/limits.ts';
import type { Admission } from './admission.ts';
import type { FeatureList } from './feature-list.ts';
import type { ConnectionState, LiveConnection } from './live-connection.ts';
import type { Observer } from './observer.ts';
import type { Registry } from './registry.ts';
import type { ServiceHost } from './service.ts';

export interface ServerParts extends ServiceHost {
	readonly limits: Limits;
	readonly registry: Registry;
	/** What every request passes. */
	readonly admission: Admission;
	/** What features keep for this server. */
	readonly features: FeatureList<ServerParts>;
	readonly observer: Observer | null;
	/** Whether the server is shutting down and takes no new work. */
	readonly draining: boolean;
	/** A client begins, and ends, to read a stream that a service keeps current. */
	streamOpened(path: string, args: readonly unknown[]): void;
	streamClosed(path: string, args: readonly unknown[]): void;
	/**
	 * Flushes the connection at the end of this pass of the event loop.
	 * @param sinceMs when what it answers began to be handled. @default now
	 */
	flushSoon(connection: LiveConnection, sinceMs?: number): void;
	stateChanged(connection: LiveConnection, state: ConnectionState): void;
	/** The connection has answered all its calls. */
	callsDone(connection: LiveConnection): void;
	/** A handler runs until this settles, also where its caller has gone. */
	handling(outcome: PromiseLike<unknown>): void;
}
