// Keeps the upgrades that arrive while the development server is already listening and the app's server part is still
// being loaded. A page that was open before a restart connects at that very moment.

import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

type Listener = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** The part of an HTTP server that is used. */
export interface UpgradingServer {
	on(event: 'upgrade', listener: Listener): unknown;
	off(event: 'upgrade', listener: Listener): unknown;
	listeners(event: 'upgrade'): unknown[];
}

interface Kept {
	upgrade: Parameters<Listener>;
	/** Who has heard of it already: a proxy must not take it twice. */
	heardBy: ReadonlySet<unknown>;
}

export class EarlyUpgrades {
	readonly #httpServer: UpgradingServer;
	readonly #kept: Kept[] = [];

	constructor(httpServer: UpgradingServer) {
		this.#httpServer = httpServer;
		httpServer.on('upgrade', this.#keep);
	}

	/** Announces them to whoever began to listen meanwhile. */
	release(): void {
		this.#httpServer.off('upgrade', this.#keep);
		const listeners = this.#httpServer.listeners('upgrade') as Listener[];
		for (const { upgrade, heardBy } of this.#kept.splice(0)) {
			upgrade[1].off('error', ignore);
			for (const listener of listeners) if (!heardBy.has(listener)) listener.call(this.#httpServer, ...upgrade);
		}
	}

	readonly #keep = (...upgrade: Parameters<Listener>): void => {
		const [{ headers }, socket] = upgrade;
		// Vite's own, for hot reload.
		if (headers['sec-websocket-protocol']?.startsWith('vite-')) return;
		socket.on('error', ignore);
		this.#kept.push({ upgrade, heardBy: new Set(this.#httpServer.listeners('upgrade')) });
	};
}

const ignore = (): void => {};
