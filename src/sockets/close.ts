// How a socket says why it closes: a code, and a reason that begins with the name of the error.

import { closeCodeOf, isLiveError, LiveError, type ErrorCode } from '../base/errors.ts';
import type { MessageSocket, SocketEvents } from '../server/transport.ts';

/** Codes of errors that never close a connection of the protocol, and close a socket that has no other answer. */
const CLOSE_CODES: ReadonlyMap<ErrorCode, number> = new Map([
	['BAD_REQUEST', 4400],
	['VALIDATION', 4400],
	['NOT_FOUND', 4404]
]);

export interface Ending {
	readonly code: number;
	readonly reason: string;
}

export function endingOf(error: LiveError): Ending {
	const { code, message } = error;
	return {
		code: CLOSE_CODES.get(code) ?? closeCodeOf(code),
		reason: message === code ? code : `${code}: ${message}`
	};
}

/** What a peer may know of an error: what was not meant for it is INTERNAL, without a detail. */
export function peerError(error: unknown): LiveError {
	return isLiveError(error) ? error : new LiveError('INTERNAL', 'something went wrong on the server');
}

/** Closes a socket that is not let in, and listens to nothing. */
export function refuseSocket(socket: MessageSocket, error: LiveError): SocketEvents {
	const { code, reason } = endingOf(error);
	socket.close(code, reason);
	return { message: () => {}, drained: () => {}, closed: () => {} };
}

/** Codes that a program may close with (RFC 6455, section 7.4, and the registry of IANA). */
export function isSendable(code: number): boolean {
	return (code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)) || (code >= 3000 && code <= 4999);
}
