// What the whole process shares: the server, the application's configuration and the live modules. Kept on globalThis,
// because `vite dev` loads this module twice: once for its own configuration, once for the application.

import type { LiveSnapshot } from '../base/surface.ts';
import type { MaybePromise } from '../base/maybe-promise.ts';
import type { LiveConfig, SessionSource } from './config.ts';
import { definitionOf, PATH, withMembers } from './definition.ts';
import type { Middleware } from './definition.ts';
import type { LiveServer } from './server.ts';
import type { Session } from './session.ts';

const KEY = Symbol.for('tidewire.runtime');

export class Runtime {
	/** Null until the application's entry has started it. */
	server: LiveServer | null = null;
	config: LiveConfig = {};
	/** Finds out who sent a request; set by the integration that starts the server. */
	sessionOf: ((source: SessionSource) => MaybePromise<Session | null>) | null = null;
	/** What calling a stream gives while a page is rendered on the server; set by the integration. */
	renderStream: ((path: string, args: unknown[]) => unknown) | null = null;
	/** What answers requests to a path of its own, as webhooks may. */
	readonly routes = new Map<string, (request: Request) => Promise<Response>>();
	/** Middleware that was declared since the last module was registered: it belongs to the next one. */
	#declared: Middleware[] = [];
	/** The same by module, for the next server in this process: a module declares only once, when it is imported. */
	readonly #middlewareOf = new WeakMap<object, Middleware[]>();
	/** Modules that something else imported before the server was there, as src/hooks.server.ts may. */
	#early: ((server: LiveServer) => void)[] = [];

	declareMiddleware(middleware: Middleware): void {
		this.#declared.push(middleware);
	}

	/**
	 * Adds or replaces a live module, and tells its exports their paths.
	 * @throws {Error} where an export is no live definition; the former module stays
	 */
	register(moduleId: string, exports: Record<string, unknown>): void {
		if (this.#declared.length > 0) this.#middlewareOf.set(exports, this.#declared);
		this.#declared = [];
		const middleware = this.#middlewareOf.get(exports) ?? [];
		const add = (server: LiveServer): void => server.registry.register(moduleId, exports, middleware);
		// First, because a service begins with its registration, and runs under the path of its own export.
		for (const [name, value] of Object.entries(withMembers(exports))) {
			if (definitionOf(value)) (value as { [PATH]?: string })[PATH] = `${moduleId}/${name}`;
		}
		if (this.server === null) this.#early.push(add);
		else add(this.server);
	}

	/** Makes this the server of the process, with every module that was registered before it was there. */
	begin(server: LiveServer): void {
		for (const add of this.#early.splice(0)) add(server);
		this.server = server;
	}

	/** @throws {Error} where no integration has started the server */
	get started(): LiveServer {
		if (this.server !== null) return this.server;
		throw new Error(
			'tidewire has not been started: add `live` from "tidewire/kit" to `handle` in src/hooks.server.ts'
		);
	}

	/** Loads a stream for a request that a page is rendered for. */
	async load(path: string, source: SessionSource, args: unknown[]): Promise<LiveSnapshot<unknown>> {
		const session = this.sessionOf ? await this.sessionOf(source) : null;
		return this.started.loadStream(path, session, args);
	}
}

export function runtime(): Runtime {
	const holder = globalThis as { [KEY]?: Runtime };
	return (holder[KEY] ??= new Runtime());
}
