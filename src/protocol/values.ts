// Calls that answer with many values, or with a file in parts: `value` messages or binary frames, as many as the client has
// asked for, and then the ordinary answer.

import { readCount, readLength, type Message, type RequestId } from './fields.ts';
import { readId } from './request.ts';
import { encodeValue, readValue } from './value.ts';

/** Values that a client takes without asking for more; a client that reads slowly makes its server wait with the next one. */
export const FIRST_VALUES = 16;
/** Bytes of a download that a client takes without asking for more. */
export const FIRST_BYTES = 256 * 1024;

/** One of many. */
export interface ManyValue {
	kind: 'value';
	id: RequestId;
	value: unknown;
}

/** The client takes more: so many values, or so many bytes of a download. */
export interface More {
	kind: 'more';
	id: RequestId;
	count: number;
}

/** @throws {TypeError} for what cannot travel */
export function encodeManyValue(id: RequestId, value: unknown): string {
	return `["value",${id},${encodeValue(value)}]`;
}

export function decodeManyValue(message: Message): ManyValue {
	readLength(message, 3, 4);
	return { kind: 'value', id: readId(message), value: readValue(message, 2) };
}

export function encodeMore(id: RequestId, count: number): string {
	return `["more",${id},${count}]`;
}

export function decodeMore(message: Message): More {
	readLength(message, 3, 3);
	return { kind: 'more', id: readId(message), count: readCount(message, 2, 'count') };
}
