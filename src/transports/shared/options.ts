// What every transport takes and answers about upgrades, and the defaults.

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

/** The part of a `LiveServer` that a transport uses. */
export interface SocketServer<Session> {
	accept(socket: TransportSocket, session: Session | null): SocketEvents;
}

export interface UpgradeOptions<Incoming, Session> {
	server: SocketServer<Session>;
	/** Decides about each upgrade, from its headers alone. What it throws becomes a 500. */
	authorize: (request: Incoming) => MaybePromise<Authorization<Session>>;
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
	clock?: Clock;
}

export const UPGRADE_DEFAULTS = {
	path: '/__live',
	origins: [] as readonly string[],
	originCheck: 'host' as 'host' | 'authorize',
	messageBytes: DEFAULT_LIMITS.messageBytes as number | (() => number),
	authorizeTimeoutMs: 10_000,
	clock: systemClock
};

/** What was given, and the default where a field is absent or undefined. */
export function withDefaults<Given extends object, Defaults extends object>(
	given: Given,
	defaults: Defaults
): Given & Defaults {
	const present = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
	// `fromEntries` forgets the names of the fields; they are those of `given`.
	return { ...defaults, ...present } as Given & Defaults;
}

export function isRefusal(answer: object): answer is Refusal {
	return 'status' in answer;
}

/** The largest frame that is read: between one and two times the limit the server itself refuses, with a goodbye. */
export function payloadLimit(messageBytes: number | (() => number)): number {
	return 2 * (typeof messageBytes === 'function' ? messageBytes() : messageBytes);
}
