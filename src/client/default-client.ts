// The one client of a page: what the stubs of live modules use. It connects at the first call or stream.

import { Client, type BatchResults } from './client.ts';
import type { BatchOptions } from './calls.ts';
import type { ClientOptions } from './options.ts';
import type { ConnectionStatus } from './status.ts';

/** The page's client. Making it does nothing. */
export const client: Client = /* @__PURE__ */ new Client();

/** Changes options of the page's client. See {@link ClientOptions}. */
export function configure(options: ClientOptions): void {
	client.configure(options);
}

/**
 * Sends the calls that `collect` makes before it returns as one message. Resolves like `Promise.all` of the list that it
 * returned; each call settles by itself.
 */
export function batch<const Promises extends readonly unknown[]>(
	collect: () => Promises,
	options?: BatchOptions
): Promise<BatchResults<Promises>> {
	return client.batch(collect, options);
}

/** How the connection of the page stands now. */
export function status(): ConnectionStatus {
	return client.status;
}

/** Calls `listener` after every change of the connection's status. Returns what removes it. */
export function onStatus(listener: (status: ConnectionStatus) => void): () => void {
	return client.onStatus(listener);
}

/** Opens a new connection at once, for example after a login. */
export function reconnect(): void {
	client.reconnect();
}
