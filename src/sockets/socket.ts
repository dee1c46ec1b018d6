// What an application sees of a raw socket: the socket itself, its events, and the hooks of an endpoint.

import type { MaybePromise } from '../base/maybe-promise.ts';
import type { SessionSource } from '../server/config.ts';
import type { Session, User } from '../server/session.ts';

/** What is sent: text, or bytes. */
export type SocketData = string | ArrayBuffer | ArrayBufferView;

export interface SocketMessageEvent {
	readonly type: 'message';
	/** Text as a string, bytes as a copy of their own. */
	readonly data: string | Uint8Array;
}

export interface SocketCloseEvent {
	readonly type: 'close';
	/** As of RFC 6455; 1006 where the connection was cut. */
	readonly code: number;
	readonly reason: string;
	/** Whether both sides closed in order. */
	readonly wasClean: boolean;
}

export interface SocketErrorEvent {
	readonly type: 'error';
	/** What a handler threw, or a LiveError that names the limit which was reached. */
	readonly error: unknown;
}

export interface SocketEventMap {
	message: SocketMessageEvent;
	close: SocketCloseEvent;
	error: SocketErrorEvent;
}

/** A promise that it returns is waited for before the next message is given out. */
export type SocketListener<Type extends keyof SocketEventMap> = (event: SocketEventMap[Type]) => MaybePromise<unknown>;

export interface SocketListenerOptions {
	/** Whether it hears one event only. @default false */
	once?: boolean;
	/** Removes it when it is aborted. */
	signal?: AbortSignal;
}

/** One open WebSocket, on the server. */
export interface SocketConnection<Params = Readonly<Record<string, string>>> {
	/** Names it in this process and in logs. */
	readonly id: string;
	/** The parameters in the path of its endpoint; empty for a one-time address. */
	readonly params: Params;
	/** The address of the upgrade; of a one-time address without its key. */
	readonly url: URL;
	/** Who it is; `user` is null for a visitor whom the application does not know. */
	readonly session: Session;
	readonly user: User;
	/** The open sockets of its endpoint in this process, itself too. */
	readonly peers: ReadonlySet<SocketConnection<Params>>;
	/** The first subprotocol that the peer offered; empty where it offered none. */
	readonly protocol: string;
	/** As far as it is known; for logs and limits, never for identity. */
	readonly remoteAddress: string | undefined;
	/** open · closing: it was closed here · closed */
	readonly state: 'open' | 'closing' | 'closed';
	/** Aborted when it closes: to stop what works for it. */
	readonly signal: AbortSignal;
	/** Bytes that `send` took and that have not left the process yet. */
	readonly bufferedAmount: number;
	/**
	 * Sends a message. Resolves to whether the socket is open, once there is room for the next message: whoever awaits it goes
	 * as fast as the peer reads. Never rejects. A peer that does not read at all is closed with 4508.
	 * @throws {LiveError} TOO_LARGE where the message alone is above `queueBytes`
	 */
	send(data: SocketData): Promise<boolean>;
	/** Resolves when everything has left, to true, or when the socket closes, to false. */
	drained(): Promise<boolean>;
	/**
	 * Closes it when everything that was sent has left. What the peer sends from here on is not reported.
	 * @param code 1000, another one that may be sent, or one of your own from 3000 to 4999. @default 1000
	 * @param reason at most 123 bytes of it are sent
	 * @throws {LiveError} BAD_REQUEST where the code may not be sent
	 */
	close(code?: number, reason?: string): void;
	/** Cuts the connection at once. */
	terminate(): void;
	addEventListener<Type extends keyof SocketEventMap>(
		type: Type,
		listener: SocketListener<Type>,
		options?: SocketListenerOptions
	): void;
	removeEventListener<Type extends keyof SocketEventMap>(type: Type, listener: SocketListener<Type>): void;
}

/** What happens to the sockets of an endpoint. A hook that throws closes its socket: a LiveError tells the peer why. */
export interface SocketHooks<Params = Readonly<Record<string, string>>> {
	/** The socket is open. Messages wait until what this returns has settled. */
	connect?: (socket: SocketConnection<Params>) => MaybePromise<unknown>;
	/** One after the other: the next one waits until what this returns has settled. */
	message?: (socket: SocketConnection<Params>, data: string | Uint8Array) => MaybePromise<unknown>;
	/** The last of a socket, once, after every message. */
	close?: (socket: SocketConnection<Params>, event: SocketCloseEvent) => MaybePromise<unknown>;
	/** A handler failed or a limit was reached. The socket is closed for it. */
	error?: (socket: SocketConnection<Params>, error: unknown) => MaybePromise<unknown>;
}

/** A function is the hook `connect`, except that messages wait for a listener only. */
export type SocketHandler<Params = Readonly<Record<string, string>>> =
	| ((socket: SocketConnection<Params>) => MaybePromise<unknown>)
	| SocketHooks<Params>;

/** An upgrade request that asks for a socket, after the app's own `handle`. */
export interface SocketRequest<Params = Readonly<Record<string, string>>> extends SessionSource {
	readonly params: Params;
	/** Null where the application knows nobody by this request. */
	readonly session: Session | null;
	readonly remoteAddress: string | undefined;
}

/**
 * Runs before the upgrade, within the app's own request. Only `true` lets in; `false` refuses with FORBIDDEN (4403), and a LiveError
 * that it throws with its own code.
 */
export type SocketGuard<Params = Readonly<Record<string, string>>> = (
	request: SocketRequest<Params>
) => MaybePromise<boolean>;
