// Connections and requests that are turned away: why, and how they are told.

import type { Clock } from '../base/clock.ts';
import { closeCodeOf, LiveError } from '../base/errors.ts';
import { encodeGoodbye } from '../protocol/handshake.ts';
import { Frame } from './frame.ts';
import type { Session } from './session.ts';
import type { SocketEvents, TransportSocket } from './transport.ts';

export function sessionRefusal(session: Session | null): LiveError {
	return session === null
		? new LiveError('UNAUTHORIZED', 'sign in first: the application knows nobody by this request')
		: new LiveError('SESSION_EXPIRED', 'the session has expired');
}

export function isExpired(session: Session, clock: Clock): boolean {
	return session.expiresAt !== undefined && session.expiresAt <= clock.wallTime();
}

/** Says why, closes, and listens to nothing: a browser learns nothing from a refused upgrade. */
export function refuse(socket: TransportSocket, error: LiveError): SocketEvents {
	const retryAfterMs = error.retryAfterMs ?? null;
	socket.send([new Frame(encodeGoodbye({ code: error.code, message: error.message, retryAfterMs }))]);
	socket.close(closeCodeOf(error.code), error.code);
	return { message: () => {}, drained: () => {}, closed: () => {} };
}

export function notFound(path: string): LiveError {
	return new LiveError('NOT_FOUND', `there is no live function "${path}"`);
}

/** @param what what there are that many of, with a verb */
export function tooMany(what: string, limit: string, most: number): LiveError {
	return new LiveError('TOO_MANY', `${most} ${what} already; the limit is "${limit}"`, { retryAfterMs: 1_000 });
}
