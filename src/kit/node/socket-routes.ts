// Raw sockets on the HTTP server of the app: their upgrades take the same way through the app's `handle` as the live socket.

import type { IncomingMessage } from 'node:http';
import { LiveError } from '../../base/errors.ts';
import { refused, socketRegistry } from '../../sockets/registry.ts';
import type { RouteAdmission, SocketRoutes } from '../../transports/node/options.ts';
import type { Refusal } from '../../transports/shared/options.ts';
import type { AppFacts } from '../app.ts';
import type { LiveApp } from '../live-app.ts';
import type { UpgradeAnswer, Visitor } from '../upgrades.ts';
import { reportError } from '../report.ts';
import type { SocketForward } from './socket-forward.ts';
import { askThrough, respond, unanswered, type RequestHandler } from './authorize.ts';

export interface RouteParts {
	facts: Pick<AppFacts, 'base' | 'path' | 'isDevelopment'>;
	app: Pick<LiveApp, 'upgrades'>;
	handler: RequestHandler;
	guessesScheme: (request: IncomingMessage, url: URL) => boolean;
	forward: SocketForward;
}

const NOBODY_HERE: Refusal = { status: 404, reason: 'No socket endpoint has this path.' };

export function socketRoutes(parts: RouteParts): SocketRoutes {
	const { facts, handler, forward } = parts;
	const registry = socketRegistry();
	const { base, path, isDevelopment } = facts;
	registry.serve({ base, path, isDevelopment, reach: () => reach(forward) });
	return {
		takes(request) {
			const path = pathOf(request);
			if (registry.takes(path) || !facts.isDevelopment || isVites(request)) return registry.takes(path);
			// The development server runs the app's hooks, which register endpoints, with the next request: a probe is one.
			return respond(handler, withPath(request, `${facts.path}/health`)).then(() => registry.takes(path));
		},
		forward(request, raw) {
			const process = registry.otherProcess(pathOf(request));
			return process !== null && forward.send(process, request, raw);
		},
		admit: (request) => admit(parts, request)
	};
}

/** An address of a process that the others cannot reach still works in it. */
async function reach(forward: SocketForward): Promise<void> {
	try {
		await forward.open();
	} catch (error) {
		reportError('tidewire: other processes cannot hand raw sockets on to this one', error);
	}
}

async function admit(parts: RouteParts, request: IncomingMessage): Promise<RouteAdmission | Refusal> {
	const { app, handler, guessesScheme } = parts;
	const { answer, response } = await askThrough(handler, app.upgrades, {
		request: withPath(request, socketRegistry().shownPath(pathOf(request))),
		guessesScheme: (url) => guessesScheme(request, url),
		admit: (visitor) => decide(request, visitor)
	});
	if (answer === null) return turnedAway(response.status);
	if ('status' in answer) return answer;
	if (!('admission' in answer)) return NOBODY_HERE;
	const { admission, remoteAddress } = answer;
	const { setCookies } = response;
	return {
		messageBytes: admission.messageBytes,
		setCookies,
		...(remoteAddress !== undefined && { remoteAddress }),
		accept: (socket) => admission.accept(socket)
	};
}

async function decide(request: IncomingMessage, visitor: Visitor): Promise<UpgradeAnswer> {
	const [protocol = ''] = request.headers['sec-websocket-protocol']?.split(',') ?? [];
	const visit = { ...visitor, path: pathOf(request), protocol: protocol.trim() };
	const admission = await socketRegistry().admit(visit);
	return admission === null ? NOBODY_HERE : { admission, remoteAddress: visitor.remoteAddress };
}

/** A hook that sends pages to sign in, or turns them away, means nobody: the socket is told so by its close. */
function turnedAway(status: number): RouteAdmission | Refusal {
	const answer = unanswered(status);
	if ('status' in answer) return answer;
	return refused(new LiveError('UNAUTHORIZED', 'sign in first: the app refused the request'));
}

/** Vite's own sockets for hot reload. */
function isVites({ headers }: IncomingMessage): boolean {
	return headers['sec-websocket-protocol']?.startsWith('vite-') ?? false;
}

/** The same request, for another path. */
function withPath(request: IncomingMessage, path: string): IncomingMessage {
	const query = (request.url ?? '').slice(pathOf(request).length);
	return Object.create(request, { url: { value: path + query, writable: true } }) as IncomingMessage;
}

/** As it was sent, without the query. */
function pathOf({ url = '' }: IncomingMessage): string {
	const end = url.search(/[?#]/);
	return end === -1 ? url : url.slice(0, end);
}
