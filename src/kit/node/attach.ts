// Opens live sockets on a Node HTTP server that runs the app.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { runtime } from '../../server/runtime.ts';
import type { Session } from '../../server/session.ts';
import type { SocketEvents, TransportSocket } from '../../server/transport.ts';
import { attach, type Attachment } from '../../transports/node/attach.ts';
import { beforeClose, type ClosableServer } from '../../transports/node/before-close.ts';
import type { UpgradableServer } from '../../transports/node/options.ts';
import type { AppFacts } from '../app.ts';
import type { LiveApp } from '../live-app.ts';
import { reportError } from '../report.ts';
import { authorizeThrough, type RequestHandler } from './authorize.ts';
import { guessesScheme } from './guessed-scheme.ts';
import { SocketForward } from './socket-forward.ts';
import { socketRoutes } from './socket-routes.ts';
import { startOrExit } from './start-or-exit.ts';

/** A server of `node:http`, `node:https` or `node:http2`. */
export interface AppServer extends UpgradableServer, ClosableServer {
	emit(event: 'request', request: IncomingMessage, response: ServerResponse): boolean;
	emit(event: 'upgrade', request: IncomingMessage, socket: Duplex, head: Buffer): boolean;
}

/** Attaches once per server, also where it is asked to do so twice. */
export function attachApp(
	{ facts, app, handler }: { facts: AppFacts; app: LiveApp; handler: RequestHandler },
	httpServer: AppServer
): Attachment {
	if (app.httpServers.has(httpServer)) return { detach: () => {} };
	app.httpServers.add(httpServer);
	beforeClose(httpServer, () =>
		app.stop().catch((error: unknown) => reportError('tidewire: the shutdown failed', error))
	);
	const forward = new SocketForward(httpServer);
	app.whenStopped(() => forward.close());
	const guesses = guessesScheme(facts, process.env);
	return attach<Session>(httpServer, {
		server: { accept },
		authorize: authorizeThrough(handler, app.upgrades, guesses),
		routes: socketRoutes({ facts, app, handler, forward, guessesScheme: guesses }),
		path: facts.path,
		originCheck: 'authorize',
		messageBytes: () => runtime().started.limits.messageBytes
	});
}

/** An upgrade that was let through when the server stopped finds nobody. */
function accept(socket: TransportSocket, session: Session | null): SocketEvents {
	const { server } = runtime();
	if (server !== null) return server.accept(socket, session);
	socket.close(1001, 'GOING_AWAY');
	return { message: () => {}, drained: () => {}, closed: () => {} };
}

/** The same in production, where only the server is known: its own listener for requests is the handler. */
export async function attachToRequests(facts: AppFacts, app: LiveApp, httpServer: object): Promise<void> {
	const server = httpServer as AppServer;
	const handler: RequestHandler = (request, response) => server.emit('request', request, response);
	attachApp({ facts, app, handler }, server);
	await startOrExit(app);
}
