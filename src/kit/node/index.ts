// `tidewire/kit/node`: live sockets on the HTTP server of the app. The build makes it `server/tidewire.js` beside
// SvelteKit's own server, which a custom server imports.

import * as facts from 'virtual:tidewire/app';
import { runtime } from '../../server/runtime.ts';
import type { Attachment } from '../../transports/node/attach.ts';
import { liveApp } from '../live-app.ts';
import { attachApp, type AppServer } from './attach.ts';
import type { RequestHandler } from './authorize.ts';
import { startOrExit as exitUnlessStarted } from './start-or-exit.ts';

export type { AppServer, RequestHandler };

liveApp().introduce(facts);

/**
 * Opens live sockets on a server whose requests go to `handler`. When the server begins to close, its sockets are closed
 * first; signals are left to you.
 * @param handler what answers the app's requests, for example `handler` of adapter-node's build/handler.js
 */
export function attach(httpServer: AppServer, handler: RequestHandler): Attachment {
	return attachApp({ facts, app: liveApp(), handler }, httpServer);
}

/**
 * Loads the configuration and every live module. The first request would do so too; called before, it shows mistakes
 * before anybody is served.
 * @throws {Error} where the app must not start
 */
export function start(): Promise<void> {
	return liveApp().start();
}

/** The same, for a process that serves nothing else: a mistake ends it with exit code 1. */
export function startOrExit(): Promise<void> {
	return exitUnlessStarted(liveApp());
}

// What follows is for the development server, which runs this module among the app's own code.

/** @internal */
export function isStarted(): boolean {
	return liveApp().isStarted;
}

/** @internal */
export function moduleChanged(moduleId: string): void {
	runtime().started.refresh(moduleId);
}

/** @internal */
export function moduleRemoved(moduleId: string): void {
	runtime().started.registry.remove(moduleId);
	runtime().started.refresh(moduleId);
}

/** @internal */
export function configChanged(config: unknown): void {
	liveApp().configure(config);
}
