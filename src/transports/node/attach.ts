// Accepts the upgrades of one path on a Node HTTP server. Invariant: no upgrade of our path is left without an answer,
// and no error of a socket reaches the process.

import type { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { authorizeInTime, plainRefusal } from '../shared/gate.ts';
import type { MaybePromise } from '../../base/maybe-promise.ts';
import { isRefusal, payloadLimit, type Refusal } from '../shared/options.ts';
import { isEncrypted } from './encrypted.ts';
import { handshakeRefusal, handshakeResponse } from './handshake.ts';
import {
	resolveOptions,
	type AttachOptions,
	type ResolvedOptions,
	type RouteAdmission,
	type UpgradableServer
} from './options.ts';
import { refuse } from './refuse.ts';
import { NodeSocket, type SharedParts } from './socket.ts';
import { Outputs } from './websocket-frame.ts';

export interface Attachment {
	/** Takes no more upgrades. Open sockets stay; the server that accepted them closes them. */
	detach(): void;
}

/**
 * Lets a live server answer the WebSocket upgrades that come to `path` of an HTTP server. Other paths are left to the
 * server's other listeners for upgrades; where it has none, they are answered with 404.
 */
export function attach<Session>(httpServer: UpgradableServer, options: AttachOptions<Session>): Attachment {
	const resolved = resolveOptions(options);
	const door = new Door(resolved);
	const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
		const raw = { socket, head };
		if (pathOf(request) === resolved.path) return void door.open(request, raw);
		const isTheirs = resolved.routes?.takes(request) ?? false;
		if (isTheirs === true) return void door.openRoute(request, raw);
		const refuseUnheard = (): void => {
			// Nobody else would answer, and the socket would hang.
			if (httpServer.listenerCount('upgrade') > 1) return;
			socket.on('error', ignore);
			refuse(socket, { status: 404, reason: `Sockets connect at ${resolved.path}.` });
		};
		if (isTheirs === false) return refuseUnheard();
		void isTheirs.then((taken) => (taken ? void door.openRoute(request, raw) : refuseUnheard()), refuseUnheard);
	};
	httpServer.on('upgrade', onUpgrade);
	return { detach: () => void httpServer.off('upgrade', onUpgrade) };
}

/** Takes upgrade requests through origin check, authorization and handshake. */
class Door<Session> {
	readonly #options: ResolvedOptions<Session>;
	#parts: SharedParts | undefined;
	/** Those of other paths, by the largest message: an application has few of these limits. */
	readonly #routeParts = new Map<number, SharedParts>();

	constructor(options: ResolvedOptions<Session>) {
		this.#options = options;
	}

	async open(request: IncomingMessage, raw: RawSocket): Promise<void> {
		const { authorize, server } = this.#options;
		const admission = await this.#ask(request, raw, () => authorize(request));
		if (!admission) return;
		this.#parts ??= partsOf(this.#options, payloadLimit(this.#options.messageBytes), '');
		const live = greet(request, raw, { admission, parts: this.#parts });
		live?.report(server.accept(live, admission.session));
	}

	async openRoute(request: IncomingMessage, raw: RawSocket): Promise<void> {
		const { routes } = this.#options;
		if (!routes) return;
		raw.socket.on('error', ignore);
		if (await routes.forward?.(request, raw)) return;
		const admission = await this.#ask(request, raw, () => routes.admit(request));
		if (!admission) return;
		const socket = greet(request, raw, { admission, parts: this.#partsFor(admission.messageBytes) });
		socket?.report(admission.accept(socket));
	}

	/** Null where the peer was refused. */
	async #ask<Answer extends object>(
		request: IncomingMessage,
		{ socket }: RawSocket,
		ask: () => MaybePromise<Answer | Refusal>
	): Promise<Answer | null> {
		// Errors are followed by 'close', which says everything that is needed; unheard, one would end the process.
		socket.on('error', ignore);
		const answer = this.#refusal(request) ?? (await authorizeInTime(ask, this.#options));
		if (!isRefusal(answer)) return answer;
		refuse(socket, answer);
		return null;
	}

	/** What needs no question to the application. */
	#refusal(request: IncomingMessage): Refusal | null {
		const { origin, host } = request.headers;
		const facts = { method: request.method, origin, host, isEncrypted: isEncrypted(request) };
		return plainRefusal(facts, this.#options) ?? handshakeRefusal(request);
	}

	#partsFor(messageBytes: number): SharedParts {
		const known = this.#routeParts.get(messageBytes);
		if (known) return known;
		const parts = partsOf(this.#options, messageBytes, `TOO_LARGE: "messageBytes" is ${messageBytes}`);
		this.#routeParts.set(messageBytes, parts);
		return parts;
	}
}

/** Shakes hands; undefined where the peer has gone meanwhile. */
function greet(
	request: IncomingMessage,
	{ socket, head }: RawSocket,
	{ admission, parts }: { admission: Pick<RouteAdmission, 'setCookies' | 'remoteAddress'>; parts: SharedParts }
): NodeSocket | undefined {
	if (!socket.readable || !socket.writable) return void socket.destroy();
	socket.write(handshakeResponse(request, admission.setCookies ?? []));
	if (socket instanceof Socket) socket.setTimeout(0).setNoDelay();
	if (head.length > 0) socket.unshift(head);
	return new NodeSocket(socket, parts, admission.remoteAddress ?? request.socket.remoteAddress);
}

/** Made for the first socket: until then the limit may change. */
function partsOf<Session>(
	{ clock, closeTimeoutMs }: ResolvedOptions<Session>,
	maxBytes: number,
	tooBig: string
): SharedParts {
	return { clock, closeTimeoutMs, maxBytes, tooBig, outputs: new Outputs(), spareReader: null };
}

interface RawSocket {
	socket: Duplex;
	head: Buffer;
}

const ignore = (): void => {};

/** The path of a request as it was sent; nothing is decoded, since no path of ours needs it. */
function pathOf(request: IncomingMessage): string {
	const url = request.url ?? '';
	const end = url.search(/[?#]/);
	return end === -1 ? url : url.slice(0, end);
}
