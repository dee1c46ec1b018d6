// The errors that the client makes itself: what failed, and why.

import { LiveError, type TidewireCode } from '../base/errors.ts';

/** What failed, with the message of what caused it. */
export function failure(code: TidewireCode, what: string, cause?: unknown): LiveError {
	const why = cause instanceof Error ? `: ${cause.message}` : '';
	return new LiveError(code, what + why, { cause });
}

/** What is over which limit. */
export function overLimit(code: 'TOO_MANY' | 'TOO_LARGE', what: string, limit: string): LiveError {
	return failure(code, `${what}; the limit ${limit}`);
}
