// Every option of a client, with its default. `configure` may change any of them at any time.

import { BACKOFF_DEFAULTS, type BackoffOptions } from '../base/backoff.ts';
import { systemClock, type Clock } from '../base/clock.ts';
import { LiveError } from '../base/errors.ts';
import type { MaybePromise } from '../base/maybe-promise.ts';
import type { MergeSpec } from '../base/merge.ts';
import type { Position } from '../protocol/position.ts';
import type { ResetReason } from '../protocol/stream.ts';
import { browserEnvironment, type Environment } from './environment.ts';
import { webSocketConnect, type ConnectSocket, type WebSocketConstructor } from './socket.ts';

/** What an application may want to know of the connection. A hook that throws disturbs nothing; the error is reported. */
export interface ClientHooks {
	/** The connection is open again after a loss; not called for the first one. */
	onConnect?: () => void;
	/** The open connection was lost; the client is already about to open another one unless it was refused. */
	onDisconnect?: (error: LiveError) => void;
	/** Runs before every attempt but the first; the attempt waits for it and counts as failed where it rejects. */
	beforeReconnect?: () => MaybePromise<void>;
	/** Errors that no call rejects with: a refused connection, a violation of the protocol, a failing stream (its path). */
	onError?: (error: LiveError, path: string | undefined) => void;
	/** A stream's value was replaced because events between the old and the new one are not known. */
	onReset?: (path: string, reason: ResetReason) => void;
	/** The server has nothing of a stream that this page knows, which is of an earlier build: once for each path. */
	onUpgradeRequired?: (path: string) => void;
	/** Every value and every event that a stream took, in order. For tools and tests. */
	onApply?: (applied: Applied) => void;
}

/** What a stream took from the server, and where it stands with it. */
export interface Applied {
	readonly path: string;
	readonly args: readonly unknown[];
	/** Null on an ephemeral topic. */
	readonly position: Position | null;
	readonly change:
		| { readonly kind: 'value'; readonly value: unknown; readonly merge: MergeSpec }
		| { readonly kind: 'event'; readonly event: string; readonly data: unknown };
}

export interface ClientSettings extends ClientHooks {
	/** Where the server listens; a function is asked before every attempt. @default the page's own origin, path `/__live` */
	url: string | (() => string);
	/** Makes sockets; replaces `WebSocket`. @default one made by the global WebSocket class */
	connect: ConnectSocket;
	/** @default the clock of the runtime */
	clock: Clock;
	/** A number in [0, 1), for the spread of reconnects. @default Math.random */
	random: () => number;
	/** @default the window and the document */
	environment: Environment;
	/** Delays between attempts. @default 0–4.5 s for the first retry, at most 30 s */
	backoff: BackoffOptions;
	/** How long an attempt may take until the server's welcome, `beforeReconnect` included, in milliseconds. @default 10000 */
	connectTimeoutMs: number;
	/** How long a server may take to answer when the page wakes up or the network changes, in milliseconds. @default 5000 */
	pingTimeoutMs: number;
	/** How long a stream stays subscribed after its last listener has left, in milliseconds. @default 1000 */
	lingerMs: number;
	/** Calls that may wait for a connection; more are refused with `TOO_MANY`. @default 256 */
	maxWaitingCalls: number;
	/**
	 * How much longer than the server's own time limit for calls to wait for a connection, and then for the answer, in
	 * milliseconds. @default 5000
	 */
	answerMarginMs: number;
}

export interface ClientOptions extends Partial<ClientSettings> {
	/** The class to make sockets with, where there is no global one or another is wanted. @default globalThis.WebSocket */
	WebSocket?: WebSocketConstructor;
}

export const CLIENT_DEFAULTS: ClientSettings = {
	url: pageUrl,
	// Looked up at every attempt: tests and browser extensions replace the global class.
	connect: (url, events) => webSocketConnect(WebSocket)(url, events),
	clock: systemClock,
	random: Math.random,
	environment: browserEnvironment,
	backoff: BACKOFF_DEFAULTS,
	connectTimeoutMs: 10_000,
	pingTimeoutMs: 5_000,
	lingerMs: 1_000,
	maxWaitingCalls: 256,
	answerMarginMs: 5_000
};

/** The build replaces `globalThis.__TIDEWIRE_PATH__` where the application chose another path. */
function pageUrl(): string {
	const { location } = globalThis as { location?: { origin: string } };
	if (!location) throw new LiveError('BAD_REQUEST', 'the option "url" is not set');
	const path = (globalThis as { __TIDEWIRE_PATH__?: string }).__TIDEWIRE_PATH__ ?? '/__live';
	return location.origin.replace('http', 'ws') + path;
}

/** Changes settings in place; what `options` does not name stays. */
export function applyOptions(settings: ClientSettings, { WebSocket, ...options }: ClientOptions): void {
	if (WebSocket) settings.connect = webSocketConnect(WebSocket);
	Object.assign(settings, options);
}
