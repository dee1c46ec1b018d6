// Whose a one-time address is: the user of the session that asked for it, or the browser of a visitor without one. A browser
// is known by a cookie of its own, because a visitor has nothing else that another visitor has not.

import type { SessionSource } from '../server/config.ts';
import { idOfUser } from '../server/identity.ts';
import type { Session } from '../server/session.ts';
import { isSecret, randomSecret, sameSecret } from './secret.ts';

/** The part of SvelteKit's RequestEvent that `use` needs. */
export interface SocketRequestEvent extends SessionSource {
	cookies: SessionSource['cookies'] & {
		set(name: string, value: string, options: { path: string; httpOnly: boolean; sameSite: 'lax' }): void;
	};
}

export type Owner =
	| { readonly kind: 'user'; readonly id: unknown }
	| { readonly kind: 'visitor'; readonly secret: string };

const COOKIE = 'tidewire-visitor';

/** Whose an address is that is made for this request. A visitor without the cookie gets it. */
export function ownerOf(event: SocketRequestEvent, session: Session | null): Owner {
	const id = idOfUser(session?.user);
	if (id !== null) return { kind: 'user', id };
	const known = event.cookies.get(COOKIE);
	if (known !== undefined && isSecret(known)) return { kind: 'visitor', secret: known };
	const secret = randomSecret();
	event.cookies.set(COOKIE, secret, { path: '/', httpOnly: true, sameSite: 'lax' });
	return { kind: 'visitor', secret };
}

/** What tells visitors of an upgrade apart. */
export interface Identity {
	readonly userId: unknown;
	readonly visitor: string | null;
}

export function identityOf(source: SessionSource, session: Session | null): Identity {
	return { userId: idOfUser(session?.user), visitor: source.cookies.get(COOKIE) ?? null };
}

/** A visitor may have signed in meanwhile: it is the same browser. */
export function isOwner(owner: Owner, { userId, visitor }: Identity): boolean {
	if (owner.kind === 'user') return userId === owner.id;
	return visitor !== null && sameSecret(visitor, owner.secret);
}

/** The same for all addresses of one owner. */
export function ownerKey(owner: Owner): string {
	return owner.kind === 'user' ? `user ${typeof owner.id} ${String(owner.id)}` : `visitor ${owner.secret}`;
}
