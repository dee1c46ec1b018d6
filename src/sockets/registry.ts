// All endpoints and one-time addresses of the process, and the decision about every upgrade that asks for one. Kept on globalThis,
// because the development server may run this module anew at any time.

import { LiveError } from '../base/errors.ts';
import type { SessionSource } from '../server/config.ts';
import { runtime } from '../server/runtime.ts';
import type { Session } from '../server/session.ts';
import { hooksOf, type Endpoint, type SocketAdmission } from './endpoint.ts';
import type { OneTimeKeys } from './keys.ts';
import { refuseSocket } from './close.ts';
import { identityOf, isOwner } from './owner.ts';
import type { PathPattern } from './path.ts';
import type { SocketHandler, SocketRequest } from './socket.ts';

/** An upgrade on its way through the app's own `handle`. */
export interface SocketVisit {
	/** As it was sent, with the key that may be in it. */
	readonly path: string;
	/** The first subprotocol that was offered; empty for none. */
	readonly protocol: string;
	readonly source: SessionSource;
	readonly session: Session | null;
	readonly remoteAddress: string | undefined;
}

/** Where the app's sockets are, as the build says. */
export interface SocketDoor {
	/** The app's base path: empty, or `/base`. */
	readonly base: string;
	/** Where the live socket is; one-time addresses are below it. */
	readonly path: string;
	/** Whether a path that is registered again takes the place of the former one. */
	readonly isDevelopment: boolean;
	/** Makes this process known to the others, before it gives out an address that may reach them. */
	reach?(): Promise<void>;
}

/** A path and what is behind it. */
export interface Route {
	readonly pattern: PathPattern;
	readonly endpoint: Endpoint;
	readonly handler: SocketHandler;
	/** The controller, which is replaced as a whole. */
	readonly owner: { retire(reason: string): void };
}

/** What a one-time address leads to. */
export interface OneTimeTarget {
	readonly endpoint: Endpoint;
	readonly handler: SocketHandler;
}

const KEY = Symbol.for('tidewire.sockets');
const UNKNOWN = 'this address is unknown, was used, or is too old: ask for a new one';
const ELSEWHERE = 'another process of the app made this address, and it cannot be reached from here';

export class SocketRegistry {
	#door: SocketDoor | null = null;
	readonly #keys = new Set<OneTimeKeys<OneTimeTarget>>();
	#routes: readonly Route[] = [];

	/** A server lets sockets in from here on. */
	serve(door: SocketDoor): void {
		this.#door = door;
	}

	/**
	 * Where a new one-time address is.
	 * @throws {LiveError} UNAVAILABLE where no server lets sockets in
	 */
	addressOf(key: string): string {
		if (this.#door) return `${this.#door.path}/connect/${processName()}.${key}`;
		throw new LiveError(
			'UNAVAILABLE',
			'nothing serves raw sockets here: they need `live` of "tidewire/kit" on a Node HTTP server (or Bun running the same build)'
		);
	}

	/** The process that made the address in a path, where that is another one; null where it is this one, or no address. */
	otherProcess(path: string): string | null {
		const [process = ''] = this.#keyIn(path)?.split('.') ?? [];
		return process === '' || process === processName() ? null : process;
	}

	/** Resolves when the other processes know where this one is, as far as they can. */
	async reach(): Promise<void> {
		await this.#door?.reach?.();
	}

	addKeys(keys: OneTimeKeys<OneTimeTarget>): void {
		// Controllers may be gone that left nothing: each comes back with its next address.
		for (const other of this.#keys) if (other.size === 0) this.#keys.delete(other);
		this.#keys.add(keys);
	}

	removeKeys(keys: OneTimeKeys<OneTimeTarget>): void {
		this.#keys.delete(keys);
	}

	/**
	 * Adds an endpoint. In development one of another controller at the same path is an older version: its controller goes.
	 * @throws {TypeError} where the path has an endpoint
	 */
	add(route: Route): void {
		const { shape, text } = route.pattern;
		const former = this.#routes.find(({ pattern }) => pattern.shape === shape);
		if (former) {
			if (!this.#door?.isDevelopment || former.owner === route.owner)
				throw new TypeError(`tidewire: "${text}" has a socket endpoint already ("${former.pattern.text}")`);
			former.owner.retire('a newer version of this endpoint is there');
		}
		this.#routes = [...this.#routes, route].toSorted((one, other) => one.pattern.compare(other.pattern));
	}

	/** Takes endpoints out. */
	remove(isGone: (route: Route) => boolean): void {
		this.#routes = this.#routes.filter((route) => !isGone(route));
	}

	/** Frees what no upgrade will come for any more: the server is about to stop. */
	clearKeys(): void {
		for (const keys of this.#keys) keys.clear();
	}

	/** Whether a path is one of ours. */
	takes(path: string): boolean {
		return this.#keyIn(path) !== null || this.#routeOf(path) !== undefined;
	}

	/** A path as the application and its logs may see it: without the key that is in it. */
	shownPath(path: string): string {
		const key = this.#keyIn(path);
		return key === null ? path : path.slice(0, path.length - key.length);
	}

	/** Decides about an upgrade. Never rejects: whoever is not let in is told by the close of the socket. */
	async admit(visit: SocketVisit): Promise<SocketAdmission | null> {
		const key = this.#keyIn(visit.path);
		if (key !== null) return this.#admitOnce(visit, key);
		const found = this.#routeOf(visit.path);
		return found ? admitTo(visit, { ...found.route, params: found.params, take: () => true }) : null;
	}

	async #admitOnce(visit: SocketVisit, address: string): Promise<SocketAdmission> {
		const [process = '', ...rest] = address.split('.');
		const key = rest.join('.');
		if (process !== processName()) return refused(new LiveError('UNAVAILABLE', ELSEWHERE));
		const keys = [...this.#keys].find((some) => some.find(key) !== undefined);
		const waiting = keys?.find(key);
		if (keys === undefined || waiting === undefined) return refused(new LiveError('NOT_FOUND', UNKNOWN));
		if (!isOwner(waiting.owner, identityOf(visit.source, visit.session)))
			return refused(new LiveError('FORBIDDEN', 'another session asked for this address'));
		// Of all upgrades that come this far, the first one has it.
		return admitTo(visit, { ...waiting.target, params: {}, take: () => keys.take(key) });
	}

	#keyIn(path: string): string | null {
		const prefix = `${this.#door?.path ?? ''}/connect/`;
		return this.#door !== null && path.startsWith(prefix) ? path.slice(prefix.length) : null;
	}

	#routeOf(path: string): { route: Route; params: Record<string, string> } | undefined {
		const base = this.#door?.base ?? '';
		if (!path.startsWith(`${base}/`)) return undefined;
		for (const route of this.#routes) {
			const params = route.pattern.match(path.slice(base.length));
			if (params !== null) return { route, params };
		}
		return undefined;
	}
}

/** A handler is a function and cannot leave its process, so its address says which one that is. */
const processName = (): string => runtime().server?.processId ?? '';

/** What an upgrade has found. */
interface Found extends OneTimeTarget {
	readonly params: Record<string, string>;
	/** Called when the socket is there. Returns whether it is still to be had: what is for one is used up by this. */
	readonly take: () => boolean;
}

async function admitTo(visit: SocketVisit, { endpoint, handler, params, take }: Found): Promise<SocketAdmission> {
	const refusal = await endpoint.refusalOf(requestOf(visit, params));
	if (refusal !== null) return refused(refusal);
	const { protocol, session, source } = visit;
	const opening = { ...hooksOf(handler), params, url: source.url, protocol };
	return {
		messageBytes: endpoint.limits.messageBytes,
		accept: (socket) =>
			take() ? endpoint.open(socket, opening, session) : refuseSocket(socket, new LiveError('NOT_FOUND', UNKNOWN))
	};
}

function requestOf({ source, session, remoteAddress }: SocketVisit, params: Record<string, string>): SocketRequest {
	const { locals, request, url, cookies } = source;
	return { locals, request, url, cookies, params, session, remoteAddress };
}

/**
 * A socket that is not let in is told why, which a browser does not learn from the status of an upgrade. Nothing more than
 * that is sent, and nothing is read.
 */
export function refused(error: LiveError): SocketAdmission {
	return { messageBytes: 1, accept: (socket) => refuseSocket(socket, error) };
}

export function socketRegistry(): SocketRegistry {
	const holder = globalThis as { [KEY]?: SocketRegistry };
	return (holder[KEY] ??= new SocketRegistry());
}
