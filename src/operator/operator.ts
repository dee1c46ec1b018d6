// The operator's page as a route of the application. Nobody gets anything whom the application does not allow, and what
// changes something comes from this page: a POST whose origin is the application's own.

import { isLiveError } from '../base/errors.ts';
import type { MaybePromise } from '../base/maybe-promise.ts';
import type { SessionSource } from '../server/config.ts';
import { runtime } from '../server/runtime.ts';
import { pageOf, type Notice } from './page.ts';

export interface OperatorOptions {
	/** Whether whoever asks may see everything and act on it. Only `true` lets anybody in. */
	allow: (event: SessionSource) => MaybePromise<boolean | null | undefined>;
}

/** What a `+server.ts` exports. */
export interface OperatorRoute {
	GET: (event: SessionSource) => Promise<Response>;
	POST: (event: SessionSource) => Promise<Response>;
}

/**
 * A page with the processes of the application, for a route: `export const { GET, POST } = operator({ allow })`. Asked for
 * `application/json`, it gives the same as data.
 * @throws {TypeError} where nobody decides who is allowed
 */
export function operator({ allow }: OperatorOptions): OperatorRoute {
	if (typeof allow !== 'function')
		throw new TypeError('tidewire: operator({ allow }) needs a function that says who may');
	const guarded =
		(answer: (event: SessionSource) => Promise<Response>) =>
		async (event: SessionSource): Promise<Response> =>
			(await allow(event)) === true ? answer(event) : refusal(403, 'You may not see this page.');
	return { GET: guarded(show), POST: guarded(act) };
}

async function show({ request, url }: SessionSource): Promise<Response> {
	const overview = await runtime().started.operations.overview();
	if (request.headers.get('accept')?.includes('application/json'))
		return Response.json(overview, { headers: PRIVATE });
	const nonce = crypto.randomUUID();
	const headers = {
		...PRIVATE,
		'content-type': 'text/html; charset=utf-8',
		'content-security-policy':
			`default-src 'none'; style-src 'nonce-${nonce}'; script-src 'nonce-${nonce}'; connect-src 'self'; ` +
			`form-action 'self'; frame-ancestors 'none'; base-uri 'none'`
	};
	return new Response(pageOf(overview, { nonce, notice: noticeOf(url.searchParams.get('done')) }), { headers });
}

const PRIVATE = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', 'referrer-policy': 'same-origin' };

const noticeOf = (word: string | null): Notice | null =>
	word === 'revoked' || word === 'draining' || word === 'silent' ? word : null;

async function act({ request, url }: SessionSource): Promise<Response> {
	if (!isFromHere(request, url)) return refusal(403, 'Only this page itself may do that.');
	let form: FormData;
	try {
		form = await request.formData();
	} catch {
		return refusal(400, 'This is no form.');
	}
	const done = await perform(form);
	if (done === null) return refusal(400, 'There is no such action.');
	return new Response(null, { status: 303, headers: { ...PRIVATE, location: `${url.pathname}?done=${done}` } });
}

/** A browser says where a form comes from, one way or the other. The scheme may be a guess behind a proxy: hosts count. */
function isFromHere({ headers }: Request, url: URL): boolean {
	const site = headers.get('sec-fetch-site');
	if (site !== null && site !== 'same-origin') return false;
	const origin = headers.get('origin');
	if (origin === null) return site === 'same-origin';
	return URL.canParse(origin) && new URL(origin).host === url.host;
}

async function perform(form: FormData): Promise<Notice | null> {
	const field = (name: string): string | null => {
		const value = form.get(name);
		return typeof value === 'string' && value !== '' ? value : null;
	};
	const process = field('process');
	if (form.get('action') === 'drain' && process !== null) return drain(process);
	if (form.get('action') !== 'revoke') return null;
	const users = usersOf(field('id'), field('user'));
	for (const user of users) await runtime().started.revoke(user);
	return users.length > 0 ? 'revoked' : null;
}

async function drain(process: string): Promise<Notice> {
	try {
		await runtime().started.operations.drain(process);
		return 'draining';
	} catch (error) {
		if (isLiveError(error)) return 'silent';
		throw error;
	}
}

/** From a button the id itself; what was typed may be a number as well as a text. */
function usersOf(id: string | null, typed: string | null): (string | number)[] {
	if (id !== null) return idsIn(id);
	if (typed === null) return [];
	const number = Number(typed);
	return String(number) === typed ? [typed, number] : [typed];
}

function idsIn(text: string): (string | number)[] {
	try {
		const id: unknown = JSON.parse(text);
		return typeof id === 'string' || typeof id === 'number' ? [id] : [];
	} catch {
		return [];
	}
}

function refusal(status: number, text: string): Response {
	return new Response(`${text}\n`, { status, headers: { ...PRIVATE, 'content-type': 'text/plain; charset=utf-8' } });
}
