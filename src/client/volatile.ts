// Calls that nobody waits for: sent where the connection takes them at once, and forgotten otherwise.

import { encodeVolatile } from '../protocol/call.ts';
import type { Client } from './client.ts';
import type { ClientExtension, ExtensionHost } from './extension.ts';
import { sendable } from './request.ts';

/** Where more than this waits to leave, what is sent now would arrive late. */
const CONGESTED_BYTES = 16 * 1024;

class Volatiles implements ClientExtension {
	readonly #host: ExtensionHost;
	/** Nothing waits for a connection. */
	opened?(): void;

	constructor(host: ExtensionHost) {
		this.#host = host;
	}

	send(path: string, args: readonly unknown[]): void {
		const { link, updates } = this.#host;
		const message = sendable(path, () => encodeVolatile(link.nextId(), path, args));
		updates.run(() => {
			link.demand(); // the next one may find a connection
			if (link.open && link.bufferedBytes <= CONGESTED_BYTES) link.send(message);
		});
	}
}

const makeVolatiles = (host: ExtensionHost): Volatiles => new Volatiles(host);

/**
 * Calls a function made by `live.volatile`.
 * @throws {LiveError} BAD_REQUEST where the arguments cannot travel, TOO_LARGE where they are too large
 */
export function sendVolatile(client: Client, path: string, args: readonly unknown[]): void {
	client.extend(makeVolatiles).send(path, args);
}
