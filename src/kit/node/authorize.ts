// Sends an upgrade request through the app as if it were one for a page, so that the hooks which authenticate pages
// authenticate sockets.

import { ServerResponse, type IncomingMessage } from 'node:http';
import type { Session } from '../../server/session.ts';
import type { Authorization } from '../../transports/shared/options.ts';
import { reportError } from '../report.ts';
import { NONCE_HEADER, type UpgradeAnswer, type Upgrades } from '../upgrades.ts';

/** A connect-style handler that ends in the app's own `handle`. */
export type RequestHandler = (request: IncomingMessage, response: ServerResponse, next: () => void) => unknown;

export function authorizeThrough(
	handler: RequestHandler,
	upgrades: Upgrades,
	guessesScheme: (request: IncomingMessage, url: URL) => boolean
): (request: IncomingMessage) => Promise<Authorization<Session>> {
	return async (request) => {
		let answer: UpgradeAnswer | undefined;
		const nonce = upgrades.expect({
			guessesScheme: (url) => guessesScheme(request, url),
			answer: (given) => (answer = given)
		});
		request.headers[NONCE_HEADER] = nonce;
		try {
			const response = await respond(handler, request);
			return answer ? withCookies(answer, response) : unanswered(response.status);
		} finally {
			upgrades.forget(nonce);
		}
	};
}

interface PlainResponse {
	status: number;
	setCookies: string[];
}

/** Runs the handler with a response that goes nowhere. */
function respond(handler: RequestHandler, request: IncomingMessage): Promise<PlainResponse> {
	return new Promise((resolve, reject) => {
		const response = new ServerResponse(request);
		const done = (status: number): void => {
			const cookies = response.getHeader('set-cookie') ?? [];
			resolve({ status, setCookies: Array.isArray(cookies) ? cookies : [String(cookies)] });
		};
		response.write = () => true;
		response.end = () => {
			done(response.statusCode);
			return response;
		};
		Promise.resolve(handler(request, response, () => done(404))).catch(reject);
	});
}

function withCookies(answer: UpgradeAnswer, { setCookies }: PlainResponse): Authorization<Session> {
	if ('status' in answer) return answer;
	const { session, remoteAddress } = answer;
	return { session, setCookies, ...(remoteAddress !== undefined && { remoteAddress }) };
}

/**
 * The app's own hooks answered before `live` was reached. Turned away, or sent somewhere to sign in, means nobody: the
 * socket is told so in words that a browser can read.
 */
function unanswered(status: number): Authorization<Session> {
	if (status === 401 || status === 403 || (status >= 300 && status < 400)) return { session: null };
	if (status >= 400 && status !== 404) return { status, reason: 'The app refused the request.' };
	const reason = 'The `live` hook of "tidewire/kit" did not run: add it to `handle` in src/hooks.server.ts.';
	reportError(`tidewire: ${reason}`);
	return { status: 500, reason };
}
