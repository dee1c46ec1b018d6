// Accepts the upgrades of one path on a Node HTTP server. Invariant: no upgrade of our path is left without an answer,
// and no error of a socket reaches the process.

import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type ServerOptions } from 'ws';
import { authorizeInTime, plainRefusal } from '../shared/gate.ts';
import { isRefusal, payloadLimit, type Admission, type Refusal } from '../shared/options.ts';
import { isEncrypted } from './encrypted.ts';
import { NodeSocket } from './socket.ts';
import { resolveOptions, type AttachOptions, type ResolvedOptions, type UpgradableServer } from './options.ts';
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
		const answer =
			this.#refusal(request) ?? (await authorizeInTime(() => this.#options.authorize(request), this.#options));
		if (isRefusal(answer)) refuse(socket, answer);
		else this.#admit(request, { socket, head }, answer);
	}

	/** What needs no question to the application. */
	#refusal(request: IncomingMessage): Refusal | null {
		const { origin, host } = request.headers;
		const facts = { method: request.method, origin, host, isEncrypted: isEncrypted(request) };
		return plainRefusal(facts, this.#options);
	}

	#makeHandshake(): WebSocketServer {
		const { messageBytes, closeTimeoutMs } = this.#options;
		const options: ServerOptions & { closeTimeout: number } = {
			noServer: true,
			clientTracking: false,
			perMessageDeflate: false,
			maxPayload: payloadLimit(messageBytes),
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
