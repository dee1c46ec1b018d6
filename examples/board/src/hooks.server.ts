// Every request passes here, the one that opens the live socket too: the cookie that signs in a page signs in its socket.
import { text } from '@sveltejs/kit';
import { sequence } from '@sveltejs/kit/hooks';
import type { Handle } from '@sveltejs/kit/hooks';
import { live } from 'tidewire/kit';
import { readSession } from '#lib/server/session.ts';

/** Refuses forms from other sites. Compares hosts, not schemes: see vite.config.ts. */
const forms: Handle = ({ event, resolve }) => {
	const origin = event.request.headers.get('origin');
	const isForeign = origin !== null && URL.parse(origin)?.host !== event.url.host;
	if (event.request.method === 'POST' && isForeign) return text('Forms of other sites are refused', { status: 403 });
	return resolve(event);
};

const auth: Handle = ({ event, resolve }) => {
	const signedIn = readSession(event.cookies);
	if (signedIn) {
		event.locals.user = signedIn.person;
		event.locals.sessionEndsAt = signedIn.expiresAt;
	}
	return resolve(event);
};

export const handle = sequence(forms, auth, live);
