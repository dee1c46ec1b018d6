// What makes two streams the same: one path and, once encoded, the same arguments.

import { encodeValue } from '../protocol/value.ts';

/** @throws {TypeError} for arguments that cannot travel */
export function streamKey(path: string, args: readonly unknown[]): string {
	return `${path} ${encodeValue(args)}`;
}
