// What an application makes its raw sockets with: one-time addresses for a request, and endpoints that stay.

import { systemClock, type Clock } from '../base/clock.ts';
import type { ErrorHook } from '../server/failure.ts';
import { runtime } from '../server/runtime.ts';
import { Endpoint } from './endpoint.ts';
import { OneTimeKeys } from './keys.ts';
import { KEY_LIMITS, limitsOf, SOCKET_LIMITS, type KeyLimits, type SocketLimits } from './limits.ts';
import { ownerOf, type SocketRequestEvent } from './owner.ts';
import { PathPattern, type SocketParams } from './path.ts';
import { socketRegistry, type OneTimeTarget } from './registry.ts';
import type { SocketConnection, SocketData, SocketGuard, SocketHandler } from './socket.ts';

export interface ControllerOptions extends Partial<SocketLimits>, Partial<KeyLimits> {
	/** Asked before every upgrade of this controller; an endpoint's own guard is asked after it. */
	guard?: SocketGuard;
	/** Told of every error that a peer sees only as INTERNAL. @default that of src/hooks.live.ts */
	onError?: ErrorHook;
	/** For tests. @default the runtime's clock */
	clock?: Clock;
}

export interface ContinuousOptions<Params> extends Partial<SocketLimits> {
	/** Asked before every upgrade, after the controller's. */
	guard?: SocketGuard<Params>;
	/** Whether visitors may connect whom the application does not know. @default false */
	anonymous?: boolean;
}

/** An endpoint that stays. */
export interface ContinuousEndpoint<Params = Readonly<Record<string, string>>> {
	/** As it was registered. */
	readonly path: string;
	/** Its sockets in this process. */
	readonly sockets: ReadonlySet<SocketConnection<Params>>;
	/** Sends to all of them. Resolves when each has room for the next message, so the slowest sets the pace. */
	broadcast(data: SocketData): Promise<void>;
	/** Takes no more upgrades, and closes its sockets with 1001. */
	remove(): void;
}

export class WebSocketEndpointController {
	readonly #options: ControllerOptions;
	readonly #keys: OneTimeKeys<OneTimeTarget>;
	/** Of the one-time addresses. */
	readonly #once: Endpoint;
	readonly #endpoints = new Set<Endpoint>();

	constructor(options: ControllerOptions = {}) {
		this.#options = options;
		this.#keys = new OneTimeKeys(limitsOf(options, KEY_LIMITS), options.clock ?? systemClock);
		this.#once = this.#endpoint('use()', { anonymous: true });
	}

	/**
	 * Makes an address for one WebSocket of whoever sent this request, and returns it: a path of the app's own origin, which every
	 * browser connects to as it is. The first upgrade that comes with the same session gets the handler; without one, both are
	 * freed after `keyTtlMs`.
	 * @throws {LiveError} TOO_MANY where too many wait, UNAVAILABLE where nothing serves sockets
	 */
	async use(event: SocketRequestEvent, handler: SocketHandler): Promise<string> {
		const registry = socketRegistry();
		registry.addressOf(''); // refuses before anything is kept
		const session = (await runtime().sessionOf?.(event)) ?? null;
		await registry.reach();
		registry.addKeys(this.#keys);
		return registry.addressOf(
			this.#keys.add({ owner: ownerOf(event, session), target: { endpoint: this.#once, handler } })
		);
	}

	/**
	 * Registers an endpoint that stays, below the app's base path: `/rooms/[room]` has a parameter, `/files/[...rest]` the rest of
	 * the path. Import the module that does this in src/hooks.server.ts, so that it is there from the start.
	 * @throws {TypeError} where the path is none, or has an endpoint
	 */
	continuous<const Path extends string>(
		path: Path,
		handler: SocketHandler<SocketParams<Path>>,
		options: ContinuousOptions<SocketParams<Path>> = {}
	): ContinuousEndpoint<SocketParams<Path>> {
		// The pattern has these parameters, whatever the compiler calls them.
		const { handler: plain, guard } = { handler, guard: options.guard } as unknown as Erased;
		const endpoint = this.#endpoint(path, { ...options, guard });
		const pattern = new PathPattern(path);
		socketRegistry().add({ pattern, endpoint, handler: plain, owner: this });
		this.#endpoints.add(endpoint);
		return {
			path,
			sockets: endpoint.sockets as unknown as ReadonlySet<SocketConnection<SocketParams<Path>>>,
			async broadcast(data) {
				await Promise.all([...endpoint.sockets].map((socket) => socket.send(data)));
			},
			remove: () => this.#remove(endpoint)
		};
	}

	/** All open sockets of this controller in this process, by their id. */
	get sockets(): ReadonlyMap<string, SocketConnection> {
		const all = [this.#once, ...this.#endpoints].flatMap(({ sockets }) => [...sockets]);
		return new Map(all.map((socket) => [socket.id, socket]));
	}

	/** Addresses that nobody has used yet. */
	get unusedKeys(): number {
		return this.#keys.size;
	}

	/** Ends all of it: no more upgrades, addresses are freed, and every socket is closed with 1001. */
	close(): void {
		this.retire('the endpoint was closed');
	}

	/** @internal */
	retire(reason: string): void {
		const registry = socketRegistry();
		registry.remove(({ owner }) => owner === this);
		registry.removeKeys(this.#keys);
		this.#keys.clear();
		for (const endpoint of [this.#once, ...this.#endpoints]) endpoint.retire(reason);
		this.#endpoints.clear();
	}

	#endpoint(name: string, options: ContinuousOptions<Readonly<Record<string, string>>>): Endpoint {
		const guards = [this.#options.guard, options.guard].filter((guard) => guard !== undefined);
		const limits = limitsOf({ ...this.#options, ...options }, SOCKET_LIMITS);
		return new Endpoint({
			name,
			limits,
			guards,
			anonymous: options.anonymous ?? false,
			onError: this.#options.onError
		});
	}

	#remove(endpoint: Endpoint): void {
		socketRegistry().remove((route) => route.endpoint === endpoint);
		this.#endpoints.delete(endpoint);
		endpoint.retire('the endpoint was removed');
	}
}

interface Erased {
	handler: SocketHandler;
	guard: SocketGuard;
}
