// Keeps the upgrades that arrive while the development server is already listening and the app's server part is still
// being loaded. A page that was open before a restart connects at that very moment.

import type { EventEmitter } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

export class EarlyUpgrades {
	readonly #httpServer: EventEmitter;
	readonly #path: string;
	readonly #kept: [IncomingMessage, Duplex, Buffer][] = [];

	constructor(httpServer: EventEmitter, path: string) {
		this.#httpServer = httpServer;
		this.#path = path;
		httpServer.on('upgrade', this.#keep);
	}

	/** Announces them again, to whoever listens by now. */
	release(): void {
		this.#httpServer.off('upgrade', this.#keep);
		for (const [request, socket, head] of this.#kept.splice(0)) {
			socket.off('error', ignore);
			this.#httpServer.emit('upgrade', request, socket, head);
		}
	}

	readonly #keep = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
		if (request.url?.replace(/\?.*$/, '') !== this.#path) return;
		socket.on('error', ignore);
		this.#kept.push([request, socket, head]);
	};
}

const ignore = (): void => {};
