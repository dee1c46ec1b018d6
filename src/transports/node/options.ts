// What `attach` takes, and the defaults.

import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { MaybePromise } from '../../base/maybe-promise.ts';
import type { MessageSocket, SocketEvents } from '../../server/transport.ts';
import { UPGRADE_DEFAULTS, withDefaults, type Refusal, type UpgradeOptions } from '../shared/options.ts';

/** The part of an HTTP server that is used, of `node:http`, `node:https` and `node:http2` alike. */
export interface UpgradableServer {
	on(event: 'upgrade', listener: UpgradeListener): unknown;
	off(event: 'upgrade', listener: UpgradeListener): unknown;
	listenerCount(event: 'upgrade'): number;
}

type UpgradeListener = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** Lets an upgrade of another path through. */
export interface RouteAdmission {
	/** The largest message that is read, in bytes. */
	messageBytes: number;
	/** Where the connection comes from; the socket's own address where this is absent. */
	remoteAddress?: string;
	/** `Set-Cookie` headers of the response. */
	setCookies?: readonly string[];
	accept(socket: MessageSocket): SocketEvents;
}

/** Paths besides that of the protocol, whose sockets carry plain messages. */
export interface SocketRoutes {
	/** Whether an upgrade is theirs. Where it is not, and nobody else listens, the peer is told so. */
	takes(request: IncomingMessage): MaybePromise<boolean>;
	/** Takes an upgrade away to another process, before anybody is asked. Returns whether it did. @default none is */
	forward?(request: IncomingMessage, raw: { socket: Duplex; head: Buffer }): MaybePromise<boolean>;
	/** Decides about an upgrade that is theirs. What it throws becomes a 500. */
	admit(request: IncomingMessage): MaybePromise<RouteAdmission | Refusal>;
}

export interface AttachOptions<Session> extends UpgradeOptions<IncomingMessage, Session> {
	/** How long a peer may take to answer a close, in milliseconds. @default 5000 */
	closeTimeoutMs?: number;
	/** Other paths that sockets connect to. The origin of these is not checked here. @default null */
	routes?: SocketRoutes | null;
}

const ATTACH_DEFAULTS = { ...UPGRADE_DEFAULTS, closeTimeoutMs: 5_000, routes: null };

export type ResolvedOptions<Session> = Required<AttachOptions<Session>>;

export function resolveOptions<Session>(options: AttachOptions<Session>): ResolvedOptions<Session> {
	return withDefaults(options, ATTACH_DEFAULTS);
}
