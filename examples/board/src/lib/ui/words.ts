// Errors in the words of somebody who wants to move a card.
import { RpcError } from 'tidewire/client';

const WORDS: Record<string, string> = {
	UNAUTHORIZED: 'You are signed out.',
	SESSION_EXPIRED: 'You are signed out.',
	CONNECTION_LOST: 'The connection broke before there was an answer. Please look whether it happened.',
	TIMEOUT: 'There was no answer for half a minute.',
	UNAVAILABLE: 'It could not be sent or stored in time.',
	GOING_AWAY: 'The server is being restarted. Please try again.',
	INTERNAL: 'Something broke on our side.'
};

/** Why something did not happen. */
export function wordsFor(error: unknown): string {
	if (!(error instanceof RpcError)) return 'Something went wrong.';
	return error.issues?.[0]?.message ?? WORDS[error.code] ?? error.message;
}
