// Accepts the upgrades of one path on a Node HTTP server. Invariant: no upgrade of our path is left without an answer,
// and no error of a socket reaches the process.

import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type ServerOptions } from 'ws';
import { originRefusal } from '../../base/origin.ts';
import { NodeSocket } from './socket.ts';
import {
	isRefusal,
	resolveOptions,
	type Admission,
	type AttachOptions,
	type Authorization,
	type Refusal,
	type ResolvedOptions,
	type UpgradableServer
} from './options.ts';
import { refuse } from './refuse.ts';

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
		if (pathOf(request) === resolved.path) void door.open(request, socket, head);
		else if (httpServer.listenerCount('upgrade') === 1) {
			// Nobody else would answer, and the socket would hang.
			socket.on('error', ignore);
			refuse(socket, { status: 404, reason: `Sockets connect at ${resolved.path}.` });
		}
	};
	httpServer.on('upgrade', onUpgrade);
	return { detach: () => void httpServer.off('upgrade', onUpgrade) };
}

/** Takes upgrade requests through origin check, authorization and handshake. */
class Door<Session> {
	readonly #options: ResolvedOptions<Session>;
	#handshake: WebSocketServer | undefined;
	readonly #cookies = new WeakMap<IncomingMessage, readonly string[]>();

	constructor(options: ResolvedOptions<Session>) {
		this.#options = options;
	}

	async open(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
		// Nobody listens between here and the handshake: an error would end the process.
		socket.on('error', ignore);
		const answer = this.#refusal(request) ?? (await this.#authorize(request));
		if (isRefusal(answer)) refuse(socket, answer);
		else this.#admit(request, { socket, head }, answer);
	}

	/** What needs no question to the application. */
	#refusal(request: IncomingMessage): Refusal | null {
		// The application's handler sees the request before the handshake does: it must not take it for an action.
		if (request.method !== 'GET') return { status: 405, reason: 'A WebSocket is opened with GET.' };
		if (this.#options.originCheck !== 'host') return null;
		const scheme = 'encrypted' in request.socket ? 'https' : 'http';
		const own = `${scheme}://${request.headers.host ?? ''}`;
		const reason = originRefusal(request.headers.origin, { own, allowed: this.#options.origins });
		return reason === null ? null : { status: 403, reason };
	}

	/** Never rejects: a function that throws or takes too long refuses. */
	async #authorize(request: IncomingMessage): Promise<Authorization<Session>> {
		const { clock, authorizeTimeoutMs } = this.#options;
		const { promise: timeout, resolve } = Promise.withResolvers<Refusal>();
		const timer = clock.setTimer(
			() => resolve({ status: 503, reason: `Authorization took more than ${authorizeTimeoutMs} ms.` }),
			authorizeTimeoutMs
		);
		try {
			return await Promise.race([this.#options.authorize(request), timeout]);
		} catch {
			return { status: 500, reason: 'Authorization failed.' };
		} finally {
			clock.clearTimer(timer);
		}
	}

	#makeHandshake(): WebSocketServer {
		const { messageBytes, closeTimeoutMs } = this.#options;
		const options: ServerOptions & { closeTimeout: number } = {
			noServer: true,
			clientTracking: false,
			perMessageDeflate: false,
			// Between one and two times the limit the server itself refuses, with a goodbye that says why.
			maxPayload: 2 * (typeof messageBytes === 'function' ? messageBytes() : messageBytes),
			closeTimeout: closeTimeoutMs
		};
		const handshake = new WebSocketServer(options);
		handshake.on('headers', (headers, request) => {
			headers.push(...(this.#cookies.get(request) ?? []).map((cookie) => `Set-Cookie: ${cookie}`));
		});
		return handshake;
	}

	#admit(request: IncomingMessage, { socket, head }: RawSocket, admission: Admission<Session>): void {
		if (admission.setCookies) this.#cookies.set(request, admission.setCookies);
		const remoteAddress = admission.remoteAddress ?? request.socket.remoteAddress;
		this.#handshake ??= this.#makeHandshake();
		this.#handshake.handleUpgrade(request, socket, head, (ws) => {
			// Errors are followed by 'close', which says everything that is needed.
			ws.on('error', ignore);
			const live = new NodeSocket(ws, socket, remoteAddress);
			live.report(this.#options.server.accept(live, admission.session));
		});
	}
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
