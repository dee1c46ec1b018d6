// Live sockets on `Bun.serve`: the upgrade for its `fetch`, and its `websocket`.
//
// Bun's own publish is not used. What it cannot send to a slow subscriber it keeps without bound, or drops without telling
// anybody which message and for whom, as `backpressureLimit` says; and it knows no order between what is published and what
// waits in a connection's queue. The queue here merges a pass into one write, which is what counts (docs/deploy.md).

import { authorizeInTime, plainRefusal } from '../shared/gate.ts';
import { NativeSocket, type NativeDriver } from '../shared/native-socket.ts';
import {
	isRefusal,
	payloadLimit,
	UPGRADE_DEFAULTS,
	withDefaults,
	type Admission,
	type Refusal,
	type UpgradeOptions
} from '../shared/options.ts';
import { Joiner } from '../shared/text.ts';
import type { BunServer, BunWebSocket, BunWebSocketHandler } from './bun.ts';

export interface BunSocketOptions<Session> extends UpgradeOptions<Request, Session> {
	/** After how many seconds without a sign of life Bun ends a connection, one that is closing too; at most 960. @default 120 */
	idleTimeoutSeconds?: number;
}

/** What a connection carries from its upgrade on. */
export interface SocketData<Session> {
	readonly session: Session | null;
	readonly remoteAddress: string | undefined;
	live: NativeSocket | undefined;
}

export interface BunSockets<Session> {
	/**
	 * Answers the upgrades that come to `path`, and leaves every other request to `next`. Resolves to undefined where the
	 * request has become a WebSocket, which is what Bun expects of `fetch` then.
	 */
	fetch(request: Request, server: BunServer<SocketData<Session>>, next: Next): Promise<Response | undefined>;
	/** For `websocket` of `Bun.serve`. */
	readonly websocket: BunWebSocketHandler<SocketData<Session>>;
}

type Next = (request: Request) => Response | Promise<Response>;

const DEFAULTS = { ...UPGRADE_DEFAULTS, idleTimeoutSeconds: 120 };

export function bunSockets<Session>(options: BunSocketOptions<Session>): BunSockets<Session> {
	const resolved = withDefaults(options, DEFAULTS);
	return {
		async fetch(request, server, next) {
			if (!isUpgrade(request, resolved.path)) return next(request);
			const answer = plainRefusal(factsOf(request), resolved) ?? (await authorized(request, resolved));
			if (isRefusal(answer)) return refuse(answer);
			return upgrade(request, server, answer) ? undefined : refuse(NO_HANDSHAKE);
		},
		websocket: handlers(resolved)
	};
}

const NO_HANDSHAKE: Refusal = { status: 400, reason: 'This is no handshake of a WebSocket.' };

function isUpgrade(request: Request, path: string): boolean {
	if (request.headers.get('upgrade')?.toLowerCase() !== 'websocket') return false;
	return new URL(request.url).pathname === path;
}

function factsOf({ method, url, headers }: Request) {
	const isEncrypted = url.startsWith('https:');
	return { method, origin: headers.get('origin'), host: headers.get('host'), isEncrypted };
}

const authorized = <Session>(request: Request, options: Required<BunSocketOptions<Session>>) =>
	authorizeInTime(() => options.authorize(request), options);

function upgrade<Session>(
	request: Request,
	server: BunServer<SocketData<Session>>,
	{ session, remoteAddress, setCookies = [] }: Admission<Session>
): boolean {
	const headers = new Headers(setCookies.map((cookie): [string, string] => ['Set-Cookie', cookie]));
	const from = remoteAddress ?? server.requestIP(request)?.address;
	return server.upgrade(request, { data: { session, remoteAddress: from, live: undefined }, headers });
}

function refuse({ status, reason }: Refusal): Response {
	return new Response(`${reason}\n`, { status, headers: { 'Content-Type': 'text/plain; charset=utf-8' } });
}

function handlers<Session>({
	server,
	messageBytes,
	idleTimeoutSeconds
}: Required<BunSocketOptions<Session>>): BunWebSocketHandler<SocketData<Session>> {
	const joiner = new Joiner();
	return {
		open(socket) {
			const { data } = socket;
			data.live = new NativeSocket(driverOf(socket, joiner), data.remoteAddress);
			data.live.report(server.accept(data.live, data.session));
		},
		message: ({ data: { live } }, data) => live?.onMessage(data),
		drain: ({ data: { live } }) => live?.onDrain(),
		close: ({ data: { live } }, code, reason) => live?.onClosed(code, reason),
		maxPayloadLength: payloadLimit(messageBytes),
		// Without a bound of Bun's own: it would drop answers. The server's queue is bounded, and drops what may be dropped.
		backpressureLimit: 0,
		closeOnBackpressureLimit: false,
		idleTimeout: idleTimeoutSeconds,
		sendPings: true,
		perMessageDeflate: false
	};
}

function driverOf<Data>(socket: BunWebSocket<Data>, joiner: Joiner): NativeDriver {
	return {
		send: (frames) => socket.sendText(joiner.textOf(frames)) > 0,
		sendBytes: (data) => socket.sendBinary(data) > 0,
		bufferedBytes: () => socket.getBufferedAmount(),
		close: (code, reason) => socket.close(code, reason),
		terminate: () => socket.terminate(),
		pause: () => socket.pause?.(),
		resume: () => socket.resume?.()
	};
}
