// What `attach` takes, and the defaults.

import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { systemClock, type Clock } from '../../base/clock.ts';
import type { MaybePromise } from '../../base/maybe-promise.ts';
import { DEFAULT_LIMITS } from '../../protocol/limits.ts';
import type { SocketEvents, TransportSocket } from '../../server/transport.ts';

/** Turns an upgrade down before there is a WebSocket. A browser's script cannot read it; logs and other clients can. */
export interface Refusal {
	/** An HTTP status, 400 or above. */
	status: number;
	/** A sentence for whoever reads the response. */
	reason: string;
}

/** Lets an upgrade through. */
export interface Admission<Session> {
	/** Who it is; null where nobody is signed in, and the server says so in its own words. */
	session: Session | null;
	/** Where the connection comes from; the socket's own address where this is absent. */
	remoteAddress?: string;
	/** `Set-Cookie` headers of the response. */
	setCookies?: readonly string[];
}

export type Authorization<Session> = Admission<Session> | Refusal;

/** The part of an HTTP server that is used, of `node:http`, `node:https` and `node:http2` alike. */
export interface UpgradableServer {
	on(event: 'upgrade', listener: UpgradeListener): unknown;
	off(event: 'upgrade', listener: UpgradeListener): unknown;
	listenerCount(event: 'upgrade'): number;
}

type UpgradeListener = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** The part of a `LiveServer` that a transport uses. */
export interface SocketServer<Session> {
	accept(socket: TransportSocket, session: Session | null): SocketEvents;
}

export interface AttachOptions<Session> {
	server: SocketServer<Session>;
	/** Decides about each upgrade, from its headers alone. What it throws becomes a 500. */
	authorize: (request: IncomingMessage) => MaybePromise<Authorization<Session>>;
	/** Where sockets connect. @default '/__live' */
	path?: string;
	/** Origins that may connect besides the server's own, as `https://app.example`. @default [] */
	origins?: readonly string[];
	/**
	 * Who checks the origin: `host` compares with the request's own scheme and `Host`; `authorize` leaves it to that
	 * function, which knows of proxies. @default 'host'
	 */
	originCheck?: 'host' | 'authorize';
	/**
	 * The largest message of the protocol, in bytes: the server refuses above it, the transport above twice that. A function
	 * is asked before the first socket. @default 65536
	 */
	messageBytes?: number | (() => number);
	/** How long `authorize` may take, in milliseconds. @default 10000 */
	authorizeTimeoutMs?: number;
	/** How long a peer may take to answer a close, in milliseconds. @default 5000 */
	closeTimeoutMs?: number;
	clock?: Clock;
}

const ATTACH_DEFAULTS = {
	path: '/__live',
	origins: [] as readonly string[],
	originCheck: 'host' as 'host' | 'authorize',
	messageBytes: DEFAULT_LIMITS.messageBytes as number | (() => number),
	authorizeTimeoutMs: 10_000,
	closeTimeoutMs: 5_000,
	clock: systemClock
};

export type ResolvedOptions<Session> = Required<AttachOptions<Session>>;

export function resolveOptions<Session>(options: AttachOptions<Session>): ResolvedOptions<Session> {
	const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
	return { ...ATTACH_DEFAULTS, ...given, server: options.server, authorize: options.authorize };
}

export function isRefusal<Session>(answer: Authorization<Session>): answer is Refusal {
	return 'status' in answer;
}
