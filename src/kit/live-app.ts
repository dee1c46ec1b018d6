// The live part of the app while it runs: starts the server with everything the build knows, and stops it. Kept on
// globalThis, because the development server may run this module anew at any time.

import type { LiveConfig } from '../server/config.ts';
import { runtime } from '../server/runtime.ts';
import { LiveServer } from '../server/server.ts';
import { socketRegistry } from '../sockets/registry.ts';
import type { AppFacts } from './app.ts';
import { joinedBackplane } from './join.ts';
import { renderStream } from './render.ts';
import { reportError, warn } from './report.ts';
import { sessionReader, type SessionReader } from './session.ts';
import { Upgrades } from './upgrades.ts';

const KEY = Symbol.for('tidewire.kit');

export class LiveApp {
	readonly upgrades = new Upgrades();
	/** HTTP servers that live sockets were attached to. */
	readonly httpServers = new WeakSet();
	#facts: AppFacts | undefined;
	#starting: Promise<void> | undefined;
	#started = false;
	#readSession: SessionReader | undefined;
	#config: LiveConfig = {};
	#warned = false;
	#stopped = false;

	/** What else ends with it. */
	readonly #onStopped = new Set<() => Promise<void>>();

	/** What is known of the app; the newest copy of this package brings the newest. */
	introduce(facts: AppFacts): void {
		this.#facts = facts;
		const shared = runtime();
		shared.sessionOf = async (source) => {
			await this.start();
			return this.readSession(source);
		};
		shared.renderStream = (path, args) => renderStream(facts, path, args);
	}

	get facts(): AppFacts {
		if (this.#facts) return this.#facts;
		throw new Error('tidewire: the plugin is missing: add `tidewire()` from "tidewire/vite" to vite.config.ts');
	}

	get config(): LiveConfig {
		return this.#config;
	}

	get isStarted(): boolean {
		return this.#started;
	}

	/** Whether the process is on its way out: nothing starts any more. */
	get isStopped(): boolean {
		return this.#stopped;
	}

	/** Who is behind a request; null for nobody. */
	async readSession(source: Parameters<SessionReader>[0]) {
		return (await this.#readSession?.(source)) ?? null;
	}

	/** Loads the configuration and all live modules and starts the server, once. What fails may be tried again. */
	start(): Promise<void> {
		if (this.#stopped) return Promise.reject(new Error('tidewire: the server is shutting down'));
		this.#starting ??= this.#start().catch((error: unknown) => {
			this.#starting = undefined;
			throw error;
		});
		return this.#starting;
	}

	async #start(): Promise<void> {
		this.configure((await this.facts.loadConfig()).default);
		const { limits, onError, observer, rateLimit, overload, onUnhandled } = this.#config;
		const backplane = await joinedBackplane(this.#config.backplane, warn);
		const server = new LiveServer({
			backplane,
			...(limits && { limits }),
			...(onError && { onError }),
			...(observer && { observer }),
			...(rateLimit && { rateLimit }),
			...(overload && { overload }),
			...(onUnhandled && { onUnhandled })
		});
		await server.start();
		runtime().begin(server);
		await this.#loadModules();
		this.#started = true;
	}

	/** In development a module that does not load yet leaves the others in use. */
	async #loadModules(): Promise<void> {
		const { modules, isDevelopment } = this.facts;
		const loads = Object.entries(modules()).map(async ([moduleId, load]) => {
			try {
				await load();
			} catch (error) {
				if (!isDevelopment) throw error;
				reportError(`tidewire: the live module "${moduleId}" does not load\n`, error);
			}
		});
		await Promise.all(loads);
	}

	/**
	 * Takes a configuration. Once the server runs, its backplane and limits stay as they are.
	 * @throws {Error} where the app must not start with it
	 */
	configure(config: unknown): void {
		const { isDevelopment, isBuilding, path } = this.facts;
		const given = checkedConfig(config, path);
		const warnOnce = (message: string): void => {
			if (!this.#warned) warn(message);
			this.#warned = true;
		};
		// A build that prerenders pages decides nothing for production.
		this.#readSession = sessionReader(given, isDevelopment || isBuilding, isBuilding ? () => {} : warnOnce);
		this.#config = given;
		runtime().config = given;
	}

	/** Runs when every connection has closed; the backplane is still there. */
	whenStopped(run: () => Promise<void>): void {
		this.#onStopped.add(run);
	}

	/**
	 * Says goodbye to every connection and releases everything. In production that is the end; the development server
	 * starts anew when its configuration changes, before this is done.
	 */
	async stop(): Promise<void> {
		const shared = runtime();
		const { server } = shared;
		if (server === null || this.#stopped) return;
		this.#started = false;
		this.#starting = undefined;
		socketRegistry().clearKeys();
		if (this.facts.isDevelopment) shared.server = null;
		else this.#stopped = true;
		await server.drain(this.#config.drainMs);
		await Promise.all([...this.#onStopped].map((stop) => stop()));
		await server.stop();
		if (shared.server === server) shared.server = null;
	}
}

function checkedConfig(config: unknown, path: string): LiveConfig {
	if (config === undefined) return {};
	if (typeof config !== 'object' || config === null) {
		throw new TypeError('tidewire: the default export of src/hooks.live.ts must be `defineLive({ … })`');
	}
	const given = config as LiveConfig;
	if (given.path !== undefined && !path.endsWith(given.path)) {
		throw new Error(
			`tidewire: the browser is built to connect to ${path}, and src/hooks.live.ts says ${given.path}. ` +
				`Set the path in vite.config.ts instead: tidewire({ path: '${given.path}' })`
		);
	}
	return given;
}

export function liveApp(): LiveApp {
	const holder = globalThis as { [KEY]?: LiveApp };
	return (holder[KEY] ??= new LiveApp());
}
