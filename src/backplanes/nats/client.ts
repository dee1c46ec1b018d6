// What is used of a NATS client, as types of our own: connections of `@nats-io/transport-node` and of `nats` 2 have it. The
// package is loaded when it is needed, and never a dependency.

import { backoffMs } from '../../base/backoff.ts';
import { unavailable } from './unavailable.ts';
import { PING_EVERY_MS, RECONNECT, type NatsSettings } from './options.ts';

export interface NatsHeaders {
	set(name: string, value: string): void;
}

export interface NatsMessage {
	readonly subject: string;
	readonly data: Uint8Array;
	readonly reply?: string;
	readonly headers?: { readonly code: number; get(name: string): string };
}

export interface NatsSubscription {
	unsubscribe(): void;
}

export interface NatsConnectionLike {
	/** Absent while there is no connection. */
	readonly info?: { readonly server_id: string; readonly max_payload: number; readonly cluster?: string } | undefined;
	publish(
		subject: string,
		payload?: Uint8Array | string,
		options?: { reply?: string; headers?: NatsHeaders | undefined }
	): void;
	subscribe(
		subject: string,
		options: { callback: (error: Error | null, message: NatsMessage) => void }
	): NatsSubscription;
	status(): AsyncIterable<{ readonly type: string }>;
	close(): Promise<void>;
}

/** A connection, and who may close it. */
export interface Client {
	readonly connection: NatsConnectionLike;
	readonly isOurs: boolean;
	headers(): NatsHeaders;
	/** To be called when it is connected: the next attempts begin with short delays again. */
	connected(): void;
}

const PACKAGE = '@nats-io/transport-node';
const LEAST_DELAY_MS = 50;

/** @param server a URL, several with commas between them, or a connection that somebody else opened and will close */
export async function openClient(server: string | NatsConnectionLike, settings: NatsSettings): Promise<Client> {
	const { connect, headers } = await load();
	if (typeof server !== 'string') return { connection: server, isOurs: false, headers, connected: () => {} };
	let attempts = 0; // counted twice: the client asks before it waits, and once more before it dials
	const { random } = settings;
	const opening = connect({
		...serversFrom(server),
		maxReconnectAttempts: -1,
		reconnectDelayHandler: () => LEAST_DELAY_MS + backoffMs(attempts++ / 2, random(), RECONNECT),
		ignoreAuthErrorAbort: true,
		timeout: settings.timeoutMs,
		pingInterval: PING_EVERY_MS,
		maxPingOut: 3,
		noAsyncTraces: true,
		...settings.connection
	});
	// Only the message: the library may attach what it connected with.
	const connection = await opening.catch((error: unknown) => {
		throw unavailable(error instanceof Error ? error.message : String(error));
	});
	return { connection, isOurs: true, headers, connected: () => (attempts = 0) };
}

async function load() {
	try {
		return await import('@nats-io/transport-node');
	} catch (cause) {
		throw new Error(`tidewire: a NATS backplane needs the package ${PACKAGE}: npm install ${PACKAGE}`, { cause });
	}
}

interface Servers {
	servers: string[];
	user?: string;
	pass?: string;
	token?: string;
	tls?: Record<string, never>;
}

/** What the client takes as options, where a URL has it inside: who connects, and whether over TLS. */
function serversFrom(urls: string): Servers {
	const all = urls.split(',').map((url) => new URL(url.includes('://') ? url.trim() : `nats://${url.trim()}`));
	const servers: Servers = { servers: all.map(({ hostname, port }) => `${hostname}:${port || '4222'}`) };
	const [{ username, password, protocol }] = all as [URL];
	if (protocol === 'tls:') servers.tls = {};
	if (username === '') return servers;
	const user = decodeURIComponent(username);
	if (password === '') return { ...servers, token: user };
	return { ...servers, user, pass: decodeURIComponent(password) };
}
