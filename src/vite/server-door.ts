// What the development and preview servers use of `tidewire/kit/node`. That module runs with the app's own code (in Vite's
// module runner, or built), never in the plugin's copy of the package, so it is described here and not imported.

import type { IncomingMessage, ServerResponse } from 'node:http';

/** A connect-style handler that ends in the app's own `handle`. */
type RequestHandler = (request: IncomingMessage, response: ServerResponse, next: () => void) => unknown;

export interface ServerDoor {
	/** Loads the configuration and every live module. Rejects where the app must not start. */
	start(): Promise<void>;
	attach(httpServer: unknown, handler: RequestHandler): unknown;
	/** Whether the live modules were loaded: before that there is nothing to replace. */
	isStarted(): boolean;
	/** A live module ran anew: its streams are loaded anew. */
	moduleChanged(moduleId: string): void;
	moduleRemoved(moduleId: string): void;
	/** The configuration ran anew; what of it can change while the server runs takes effect. */
	configChanged(config: unknown): void;
}

/** What resolves to {@link ServerDoor} in the app. */
export const DOOR_MODULE = 'tidewire/kit/node';
