// Sends an upgrade request through the app as if it were one for a page, so that the hooks which authenticate pages
// authenticate sockets.

import { ServerResponse, type IncomingMessage } from 'node:http';
import type { Session } from '../../server/session.ts';
import type { Authorization } from '../../transports/shared/options.ts';
import { reportError } from '../report.ts';
import { NONCE_HEADER, type PendingUpgrade, type UpgradeAnswer, type Upgrades } from '../upgrades.ts';

/** A connect-style handler that ends in the app's own `handle`. */
export type RequestHandler = (request: IncomingMessage, response: ServerResponse, next: () => void) => unknown;

/** What the app said of an upgrade; null where it answered before `live` was reached. */
interface Verdict {
	answer: UpgradeAnswer | null;
	response: PlainResponse;
}

/** Sends an upgrade through the app. */
export async function askThrough(
	handler: RequestHandler,
	upgrades: Upgrades,
	upgrade: { request: IncomingMessage } & Omit<PendingUpgrade, 'answer'>
): Promise<Verdict> {
	const { request } = upgrade;
	let answer: UpgradeAnswer | null = null;
	const nonce = upgrades.expect({ ...upgrade, answer: (given) => (answer = given) });
	request.headers[NONCE_HEADER] = nonce;
	try {
		const response = await respond(handler, request);
		return { answer, response };
	} finally {
		upgrades.forget(nonce);
	}
}

export function authorizeThrough(
	handler: RequestHandler,
	upgrades: Upgrades,
	guessesScheme: (request: IncomingMessage, url: URL) => boolean
): (request: IncomingMessage) => Promise<Authorization<Session>> {
	return async (request) => {
		const { answer, response } = await askThrough(handler, upgrades, {
			request,
			guessesScheme: (url) => guessesScheme(request, url)
		});
		return answer ? withCookies(answer, response) : unanswered(response.status);
	};
}

interface PlainResponse {
	status: number;
	setCookies: string[];
}

/** Runs the handler with a response that goes nowhere. */
export function respond(handler: RequestHandler, request: IncomingMessage): Promise<PlainResponse> {
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
	if ('admission' in answer) return { status: 500, reason: 'A raw socket is no live socket.' };
	const { session, remoteAddress } = answer;
	return { session, setCookies, ...(remoteAddress !== undefined && { remoteAddress }) };
}

/**
 * The app's own hooks answered before `live` was reached. Turned away, or sent somewhere to sign in, means nobody: the
 * socket is told so in words that a browser can read.
 */
export function unanswered(status: number): Authorization<Session> {
	if (status === 401 || status === 403 || (status >= 300 && status < 400)) return { session: null };
	if (status >= 400 && status !== 404) return { status, reason: 'The app refused the request.' };
	const reason = 'The `live` hook of "tidewire/kit" did not run: add it to `handle` in src/hooks.server.ts.';
	reportError(`tidewire: ${reason}`);
	return { status: 500, reason };
}
