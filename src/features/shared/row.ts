// What is shown of somebody: encoded once, for the other processes and for everybody who reads.

import { LiveError } from '../../base/errors.ts';
import { encodeValue, readValue, type ValueText } from '../../protocol/value.ts';

/** 4 KiB. */
export const DEFAULT_MAX_BYTES = 4_096;

const utf8 = new TextEncoder();

/**
 * A row with the key that the server derived, whatever the data says of it.
 * @throws {LiveError} TOO_LARGE where it has more bytes than `maxBytes`
 */
export function encodeRow(key: string, data: object, maxBytes: number): ValueText {
	const text = encodeValue({ ...data, key });
	const bytes = utf8.encode(text).length;
	if (bytes <= maxBytes) return text;
	throw new LiveError('TOO_LARGE', `a row has ${bytes} bytes; the limit "maxBytes" is ${maxBytes}`);
}

export function decodeRow(text: ValueText): Record<string, unknown> {
	return decodeText(text) as Record<string, unknown>; // what `encodeRow` has written
}

/** What `encodeValue` has written. */
export const decodeText = (text: ValueText): unknown => readValue(JSON.parse(`[${text}]`) as unknown[], 0);
