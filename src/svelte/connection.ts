// The page's one connection, for components that show whether there is one. Looking at it opens nothing: calls and
// streams do.

import { createSubscriber } from 'svelte/reactivity';
import type { LiveError } from '../base/errors.ts';
import { client } from '../client/default-client.ts';
import type { ConnectionState } from '../client/status.ts';

interface NetworkEvents {
	addEventListener?(type: string, listener: () => void): void;
	removeEventListener?(type: string, listener: () => void): void;
}

const trackStatus = createSubscriber((update) => client.onStatus(update));

const trackNetwork = createSubscriber((update) => {
	const window = globalThis as NetworkEvents;
	for (const type of ['online', 'offline']) window.addEventListener?.(type, update);
	return () => {
		for (const type of ['online', 'offline']) window.removeEventListener?.(type, update);
	};
});

/** Reactive. While the server renders it is idle, online and without an error. */
export const connection = {
	/** What the connection does now. */
	get status(): ConnectionState {
		trackStatus();
		return client.status.state;
	},

	/** Why there is no connection; undefined while there is one, and before the first attempt has ended. */
	get error(): LiveError | undefined {
		trackStatus();
		return client.status.error;
	},

	/** When the next attempt begins by itself, in milliseconds since the Unix epoch; undefined unless one is waited for. */
	get retryAt(): number | undefined {
		trackStatus();
		return client.status.retryAt;
	},

	/** Whether the device has a network at all, as far as the browser knows. Says nothing of the server. */
	get online(): boolean {
		trackNetwork();
		return (globalThis as { navigator?: { onLine?: boolean } }).navigator?.onLine ?? true;
	},

	/** Tries again now, whatever the connection waits for. */
	reconnect(): void {
		client.reconnect();
	}
};
