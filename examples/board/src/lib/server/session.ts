// The session cookie. It holds a random token and nothing else; the table `sessions` knows whose it is.
import { redirect } from '@sveltejs/kit';
import type { Cookies, RequestEvent } from '@sveltejs/kit';
import { revoke } from 'tidewire/server';
import type { Person } from '../model.ts';
import { SESSION_MS } from './people.ts';
import type { SignedIn } from './people.ts';
import { store } from './store.ts';

const COOKIE = 'board_session';

export function readSession(cookies: Cookies): SignedIn | undefined {
	const token = cookies.get(COOKIE);
	return token ? store().people.signedIn(token, Date.now()) : undefined;
}

export async function beginSession({ cookies, request }: RequestEvent, name: string): Promise<void> {
	await endSession(cookies);
	const { token } = store().people.signIn(name, Date.now());
	cookies.set(COOKIE, token, {
		path: '/',
		httpOnly: true,
		sameSite: 'lax',
		maxAge: SESSION_MS / 1000,
		// What the browser says it is talking to: the server itself may stand behind a proxy and not know.
		secure: request.headers.get('origin')?.startsWith('https:') ?? false
	});
}

export async function endSession(cookies: Cookies): Promise<void> {
	const token = cookies.get(COOKIE);
	if (!token) return;
	const signedIn = readSession(cookies);
	store().people.signOut(token);
	cookies.delete(COOKIE, { path: '/' });
	// Other tabs are still connected: they are asked who they are, and nobody is what they answer.
	if (signedIn) await revoke(signedIn.person.id);
}

/** Who is signed in. Everyone else is sent to sign in first, and then back. */
export function requireUser({ locals, url }: Pick<RequestEvent, 'locals' | 'url'>): Person {
	if (!locals.user)
		redirect(303, url.pathname === '/' ? '/sign-in' : `/sign-in?to=${encodeURIComponent(url.pathname)}`);
	return locals.user;
}
