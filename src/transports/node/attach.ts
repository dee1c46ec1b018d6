// Accepts the upgrades of one path on a Node HTTP server. Invariant: no upgrade of our path is left without an answer,
// and no error of a socket reaches the process.

import type { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { authorizeInTime, plainRefusal } from '../shared/gate.ts';
import { isRefusal, payloadLimit, type Admission, type Refusal } from '../shared/options.ts';
import { isEncrypted } from './encrypted.ts';
import { handshakeRefusal, handshakeResponse } from './handshake.ts';
import { resolveOptions, type AttachOptions, type ResolvedOptions, type UpgradableServer } from './options.ts';
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
	#parts: SharedParts | undefined;

	constructor(options: ResolvedOptions<Session>) {
		this.#options = options;
	}

	async open(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
		// Errors are followed by 'close', which says everything that is needed; unheard, one would end the process.
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
		return plainRefusal(facts, this.#options) ?? handshakeRefusal(request);
	}

	#admit(request: IncomingMessage, { socket, head }: RawSocket, admission: Admission<Session>): void {
		// The peer has gone meanwhile.
		if (!socket.readable || !socket.writable) return void socket.destroy();
		socket.write(handshakeResponse(request, admission.setCookies ?? []));
		if (socket instanceof Socket) socket.setTimeout(0).setNoDelay();
		if (head.length > 0) socket.unshift(head);
		this.#parts ??= partsOf(this.#options);
		const live = new NodeSocket(socket, this.#parts, admission.remoteAddress ?? request.socket.remoteAddress);
		live.report(this.#options.server.accept(live, admission.session));
	}
}

/** Made for the first socket: until then the limit may change. */
function partsOf<Session>({ clock, closeTimeoutMs, messageBytes }: ResolvedOptions<Session>): SharedParts {
	const maxBytes = payloadLimit(messageBytes);
	return { clock, closeTimeoutMs, maxBytes, outputs: new Outputs(), spareReader: null };
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
