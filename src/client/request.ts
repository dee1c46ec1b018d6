// What calls, queries and streams share: a path with arguments as text, and what is wrong with it.

import { LiveError } from '../base/errors.ts';
import { encodeValue } from '../protocol/value.ts';

/** The refusal of a request that is over a limit. */
export function overLimit(code: 'TOO_MANY' | 'TOO_LARGE', what: string, limit: string): LiveError {
	return new LiveError(code, `${what}; the limit ${limit}`);
}

/** The same text for the same function with the same arguments. */
export function requestKey(path: string, args: readonly unknown[]): string {
	return sendable(path, () => `${path} ${encodeValue(args)}`);
}

/**
 * Encodes arguments of the application.
 * @throws {LiveError} BAD_REQUEST where they cannot travel: functions, class instances, cycles
 */
export function sendable(path: string, encode: () => string): string {
	try {
		return encode();
	} catch (cause) {
		throw new LiveError('BAD_REQUEST', `the arguments of ${path}: ${(cause as Error).message}`, { cause });
	}
}
