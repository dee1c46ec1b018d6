// Values on the wire. What JSON can say travels as JSON and costs nothing more. Anything richer (Date, Map, Set, bigint,
// URL, typed arrays, undefined, -0, NaN, Infinity) travels as devalue's flattened form, marked by a trailing 1.
// A value is always the last part of its message, so that the mark can follow it.

import { stringify, unflatten } from 'devalue';
import { LiveError } from '../base/errors.ts';
import { assertFlattened, LEAF_TAGS } from './flattened.ts';
import { DEFAULT_LIMITS, FORBIDDEN_KEYS } from './limits.ts';
import { isRecord, readRich, writeRich } from './rich.ts';

/** The text of a value together with its mark: ends a message. */
export type ValueText = string;

/**
 * Encodes a value as the last part of a message.
 * @throws {TypeError} for what cannot travel (functions, symbols, class instances, regular expressions, promises, cycles)
 */
export function encodeValue(value: unknown): ValueText {
	if (isPlain(value, DEFAULT_LIMITS.depth)) return JSON.stringify(value);
	assertSendable(value, DEFAULT_LIMITS.depth);
	return `${stringify(value)},1`;
}

/**
 * Encodes a client's arguments in the same way. A cycle and too much depth are refused by the server: a browser does not load
 * that check.
 * @throws {TypeError} for functions, symbols and class instances
 */
export function encodeInput(value: unknown): ValueText {
	return isPlain(value, DEFAULT_LIMITS.depth) ? JSON.stringify(value) : `${writeRich(value)},1`;
}

/** A list that something follows: its mark is there, whatever its form. */
export function withMark(list: ValueText): string {
	return list.endsWith(']') ? `${list},0` : list; // one in the flattened form ends with its mark
}

/** The same message up to its value, with the mark only where the value is rich. */
export function withoutMark(message: readonly unknown[], markIndex: number): readonly unknown[] {
	return message.slice(0, message[markIndex] === 0 ? markIndex : markIndex + 1);
}

/** Whether the mark behind a value says that it is in the flattened form. */
export function isRich(message: readonly unknown[], valueIndex: number): boolean {
	if (message.length === valueIndex + 1) return false;
	if (message.length === valueIndex + 2 && message[valueIndex + 1] === 1) return true;
	throw new LiveError('PROTOCOL_ERROR', `a message must end with its value and, for a rich value, 1`);
}

/**
 * Decodes the value at the end of a client's message into plain data of known depth.
 * @throws {LiveError} BAD_REQUEST for forbidden keys, too much depth, and types that are never revived
 */
export function decodeValue(message: readonly unknown[], valueIndex: number, maxDepth: number = DEFAULT_LIMITS.depth) {
	const raw = message[valueIndex];
	if (!isRich(message, valueIndex)) {
		assertPlain(raw, maxDepth);
		return raw;
	}
	assertFlattened(raw, maxDepth);
	try {
		return unflatten(raw as unknown[]) as unknown;
	} catch (cause) {
		throw new LiveError('BAD_REQUEST', 'a rich value could not be read', { cause });
	}
}

/**
 * Reads a value that a server encoded. It is not checked again: what may not travel never leaves the server, and a row
 * with a key that input may not have must not end the connection of everyone who reads that row.
 * @throws {LiveError} PROTOCOL_ERROR where it is in no form at all
 */
export function readValue(message: readonly unknown[], valueIndex: number): unknown {
	const raw = message[valueIndex];
	if (!isRich(message, valueIndex)) return raw;
	try {
		return readRich(raw);
	} catch (cause) {
		throw new LiveError('PROTOCOL_ERROR', 'a rich value could not be read', { cause });
	}
}

/** True where `JSON.stringify` loses nothing. Allocates nothing: it runs for every value that leaves. */
function isPlain(value: unknown, depth: number): boolean {
	switch (typeof value) {
		case 'string':
		case 'boolean':
			return true;
		case 'number':
			return Number.isFinite(value) && (value !== 0 || 1 / value > 0);
		case 'object':
			return value === null || isPlainObject(value, depth);
		default:
			return false;
	}
}

function isPlainObject(value: object, depth: number): boolean {
	if (depth === 0) return false;
	if (Array.isArray(value)) {
		for (let index = 0; index < value.length; index++) if (!isPlain(value[index], depth - 1)) return false;
		return true;
	}
	if (!isRecord(value)) return false;
	for (const key in value) if (!isPlain(value[key], depth - 1)) return false;
	return true;
}

/** Refuses input that nests too deep or has a key that changes prototypes when copied. */
function assertPlain(value: unknown, depth: number): void {
	if (typeof value !== 'object' || value === null) return;
	if (depth === 0) throw new LiveError('BAD_REQUEST', 'a value nests deeper than the limit "depth"');
	if (Array.isArray(value)) {
		for (const element of value) assertPlain(element, depth - 1);
		return;
	}
	for (const key in value) {
		if (FORBIDDEN_KEYS.has(key)) throw new LiveError('BAD_REQUEST', `the key "${key}" is not allowed`);
		assertPlain((value as Record<string, unknown>)[key], depth - 1);
	}
}

/** devalue also writes what we never revive, and follows cycles: refuse both where the mistake was made. */
function assertSendable(value: unknown, depth: number): void {
	if (typeof value === 'function' || typeof value === 'symbol') throw new TypeError(`cannot send a ${typeof value}`);
	if (typeof value !== 'object' || value === null) return;
	if (depth === 0) throw new TypeError('cannot send a value that nests deeper than 64 levels or contains itself');
	for (const part of partsOf(value)) assertSendable(part, depth - 1);
}

function partsOf(value: object): Iterable<unknown> {
	if (Array.isArray(value)) return withoutHoles(value);
	if (value instanceof Set) return value;
	if (value instanceof Map) return [...value.keys(), ...value.values()];
	if (isLeaf(value)) return [];
	if (isRecord(value)) return Object.values(value);
	throw new TypeError(`cannot send an instance of ${value.constructor.name}: send plain data`);
}

/** devalue writes an array of mostly holes by its length, which is never revived: a few bytes would stand for gigabytes. */
function* withoutHoles(list: readonly unknown[]): Iterable<unknown> {
	for (let index = 0; index < list.length; index++) {
		if (!Object.hasOwn(list, index))
			throw new TypeError('cannot send an array with holes: fill them with undefined');
		yield list[index];
	}
}

function isLeaf(value: object): boolean {
	return (
		value instanceof Date ||
		value instanceof URL ||
		value instanceof ArrayBuffer ||
		(ArrayBuffer.isView(value) && LEAF_TAGS.has((value as { [Symbol.toStringTag]?: string })[Symbol.toStringTag]))
	);
}
