// Accepts the upgrades of one path on an app of uWebSockets.js. Its own publish is not used: it skips slow subscribers, keeps
// no order with what waits in a connection's queue, and is no cheaper (docs/deploy.md has figures).

import { authorizeInTime, plainRefusal } from '../shared/gate.ts';
import { NativeSocket, type NativeDriver } from '../shared/native-socket.ts';
import { isRefusal, payloadLimit } from '../shared/options.ts';
import { resolveOptions, type AttachOptions, type ResolvedOptions } from './options.ts';
import { Payloads } from './payloads.ts';
import { Upgrade } from './upgrade.ts';
import type { UwsApp, UwsBehavior, UwsWebSocket } from './uws.ts';

/** What a connection carries from its upgrade on. */
interface SocketData<Session> {
	readonly session: Session | null;
	readonly remoteAddress: string;
	live: NativeSocket | undefined;
}

/** Lets a live server answer the WebSocket upgrades that come to `path`. Call it before the app listens. */
export function attach<Session>(app: UwsApp, options: AttachOptions<Session>): void {
	const resolved = resolveOptions(options);
	app.ws(resolved.path, behavior(resolved));
}

function behavior<Session>(options: ResolvedOptions<Session>): UwsBehavior<SocketData<Session>> {
	const payloads = new Payloads();
	return {
		upgrade: (response, request, context) => void open(new Upgrade(response, request, context), options),
		open(socket) {
			const data = socket.getUserData();
			data.live = new NativeSocket(driverOf(socket, payloads), data.remoteAddress);
			data.live.report(options.server.accept(data.live, data.session));
		},
		message: (socket, message, isBinary) => socket.getUserData().live?.onMessage(contentOf(message, isBinary)),
		drain: (socket) => socket.getUserData().live?.onDrain(),
		close: (socket, code, reason) => socket.getUserData().live?.onClosed(code, Buffer.from(reason).toString()),
		maxPayloadLength: payloadLimit(options.messageBytes),
		// Without a bound of its own: it would drop answers. The server's queue is bounded, and drops what may be dropped.
		maxBackpressure: 0,
		idleTimeout: options.idleTimeoutSeconds,
		sendPingsAutomatically: true,
		compression: 0
	};
}

async function open<Session>(upgrade: Upgrade, options: ResolvedOptions<Session>): Promise<void> {
	const { isEncrypted } = options;
	const { method, headers } = upgrade;
	const facts = { method, origin: headers.get('origin'), host: headers.get('host'), isEncrypted };
	const ask = () => options.authorize(upgrade.request(isEncrypted));
	const answer = plainRefusal(facts, options) ?? (await authorizeInTime(ask, options));
	if (isRefusal(answer)) return upgrade.refuse(answer);
	const { session, remoteAddress = upgrade.remoteAddress } = answer;
	upgrade.accept(answer, { session, remoteAddress, live: undefined } satisfies SocketData<Session>);
}

/** Its bytes are taken away when `message` returns. */
function contentOf(message: ArrayBuffer, isBinary: boolean): string | Uint8Array {
	return isBinary ? new Uint8Array(message.slice(0)) : Buffer.from(message).toString();
}

function driverOf<Data>(socket: UwsWebSocket<Data>, payloads: Payloads): NativeDriver {
	return {
		send: (frames) => socket.send(payloads.of(frames), false) === 1,
		sendBytes: (data) => socket.send(data, true) === 1,
		bufferedBytes: () => socket.getBufferedAmount(),
		close: (code, reason) => socket.end(code, reason),
		terminate: () => socket.close(),
		// It always reads.
		pause: () => {},
		resume: () => {}
	};
}
