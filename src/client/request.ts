// What calls, queries and streams share: a path with arguments, as text.

import { encodeInput } from '../protocol/value.ts';
import { failure } from './failure.ts';

/** The same text for the same function with the same arguments. */
export function requestKey(path: string, args: readonly unknown[]): string {
	return sendable(path, () => `${path} ${encodeInput(args)}`);
}

/**
 * Encodes arguments of the application.
 * @throws {LiveError} BAD_REQUEST where they cannot travel: functions, class instances, cycles
 */
export function sendable(path: string, encode: () => string): string {
	try {
		return encode();
	} catch (cause) {
		throw failure('BAD_REQUEST', `the arguments of ${path}`, cause);
	}
}
