// Starts a server of a runtime's own with our transport on it. The runtimes' types are not installed: what is used of them
// is written down here.
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { bunSockets, type BunServer, type BunSockets } from '../../../src/transports/bun/index.ts';
import { attach as attachNode } from '../../../src/transports/node/index.ts';
import type { UpgradeOptions } from '../../../src/transports/shared/options.ts';
import { attach as attachUws, type UwsApp } from '../../../src/transports/uws/index.ts';

export type TransportName = 'bun' | 'node' | 'uws';

interface Settings<Session> extends Omit<UpgradeOptions<unknown, Session>, 'authorize'> {
	/** By the cookie, which every transport's request has in its own way. */
	authorize: (cookie: string) => Awaited<ReturnType<UpgradeOptions<unknown, Session>['authorize']>> | Promise<never>;
}

interface Bun {
	serve<Data>(options: {
		port: number;
		hostname: string;
		fetch: (request: Request, server: BunServer<Data>) => Promise<Response | undefined>;
		websocket: BunSockets<unknown>['websocket'];
	}): { port: number };
}

interface Uws {
	App(): UwsApp & { listen(host: string, port: number, done: (socket: unknown) => void): unknown };
	us_socket_local_port(socket: unknown): number;
}

/** Returns the port. */
export async function listen<Session>(name: TransportName, settings: Settings<Session>): Promise<number> {
	if (name === 'bun') return listenBun(settings);
	if (name === 'uws') return listenUws(settings);
	const authorize = ({ headers }: { headers: { cookie?: string | undefined } }) =>
		settings.authorize(headers.cookie ?? '');
	const server = createServer((_request, response) => response.end('page'));
	attachNode<Session>(server, { ...settings, authorize });
	await once(server.listen(0, '127.0.0.1'), 'listening');
	return (server.address() as AddressInfo).port;
}

const ofRequest =
	<Answer>(authorize: (cookie: string) => Answer) =>
	(request: Request): Answer =>
		authorize(request.headers.get('cookie') ?? '');

function listenBun<Session>(settings: Settings<Session>): number {
	const { Bun } = globalThis as unknown as { Bun: Bun };
	const sockets = bunSockets<Session>({ ...settings, authorize: ofRequest(settings.authorize) });
	const server = Bun.serve<Parameters<typeof sockets.websocket.open>[0]['data']>({
		port: 0,
		hostname: '127.0.0.1',
		fetch: (request, bun) => sockets.fetch(request, bun, () => new Response('page')),
		websocket: sockets.websocket
	});
	return server.port;
}

async function listenUws<Session>(settings: Settings<Session>): Promise<number> {
	const uws = (await import(process.env['UWS_MODULE'] ?? 'uwebsockets')) as { default: Uws };
	const app = uws.default.App();
	attachUws<Session>(app, { ...settings, authorize: ofRequest(settings.authorize) });
	return new Promise((resolve) => {
		app.listen('127.0.0.1', 0, (socket) => resolve(uws.default.us_socket_local_port(socket)));
	});
}
