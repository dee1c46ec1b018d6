// A Node HTTP server with raw sockets, as the app's own would have them, without SvelteKit: who asks is in the cookie `user`.
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { memory } from '../../src/backplanes/memory/memory.ts';
import { runtime } from '../../src/server/runtime.ts';
import { LiveServer, type ServerOptions } from '../../src/server/server.ts';
import type { Session } from '../../src/server/session.ts';
import type { SocketRequestEvent } from '../../src/sockets/owner.ts';
import { socketRegistry } from '../../src/sockets/registry.ts';
import { attach } from '../../src/transports/node/attach.ts';
import { connectRaw, type ConnectOptions, type WsClient } from './ws-client.ts';

/** What SvelteKit would show of a request with this header `cookie`; cookies that are set are added to it. */
export function eventOf(cookie: string, url = 'http://app.example/'): SocketRequestEvent & { cookie(): string } {
	const jar = new Map(
		cookie
			.split('; ')
			.filter(Boolean)
			.map((pair) => pair.split('=') as [string, string])
	);
	const request = new Request(url);
	return {
		request,
		url: new URL(url),
		locals: { user: jar.get('user') },
		cookies: { get: (name) => jar.get(name), set: (name, value) => void jar.set(name, value) },
		cookie: () => [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
	};
}

function sessionOf(event: SocketRequestEvent): Session | null {
	const id = event.cookies.get('user');
	return id === undefined ? null : { user: { id } };
}

export class SocketServer {
	readonly live: LiveServer;
	readonly #http = createServer();
	/** Of the last upgrades: how long they wait before they are decided. */
	gate: Promise<void> = Promise.resolve();

	private constructor(live: LiveServer) {
		this.live = live;
	}

	static async start(options: Partial<ServerOptions> = {}): Promise<SocketServer> {
		const live = new LiveServer({ backplane: memory(), onError: () => {}, ...options });
		const server = new SocketServer(live);
		await live.start();
		runtime().begin(live);
		runtime().sessionOf = (source) => sessionOf(source as SocketRequestEvent);
		socketRegistry().serve({ base: '', path: '/__live', isDevelopment: false });
		await server.#listen();
		return server;
	}

	async #listen(): Promise<void> {
		attach<Session>(this.#http, {
			server: this.live,
			authorize: () => ({ session: null }),
			routes: {
				takes: (request) => socketRegistry().takes(request.url ?? ''),
				admit: (request) => this.#admit(request)
			}
		});
		this.#http.listen(0, '127.0.0.1');
		await once(this.#http, 'listening');
	}

	async #admit(request: IncomingMessage) {
		const path = request.url ?? '';
		const event = eventOf(request.headers.cookie ?? '', `http://app.example${socketRegistry().shownPath(path)}`);
		await this.gate;
		const visit = { path, protocol: '', source: event, session: sessionOf(event), remoteAddress: '192.0.2.1' };
		return (await socketRegistry().admit(visit)) ?? { status: 404, reason: 'No endpoint.' };
	}

	get url(): string {
		return `ws://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
	}

	connect(path: string, cookie = 'user=ada', options: ConnectOptions = {}): Promise<WsClient> {
		return connectRaw(this.url + path, { headers: { cookie }, ...options });
	}

	async stop(): Promise<void> {
		await this.live.drain(1_000);
		await this.live.stop();
		runtime().server = null;
		runtime().sessionOf = null;
		this.#http.closeAllConnections();
		this.#http.close();
	}
}
