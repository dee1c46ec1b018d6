// The client's half of rich values: the same flattened form that devalue writes and reads on the server, in a fraction of its
// bytes, because a client has nothing to protect itself from: what it writes the server checks, what it reads the server wrote.
// A list of entries: the first one is the value, and entries refer to their parts by number.

/** What a negative number stands for: -1 for the first one. A hole is never written, and reads as undefined. */
const CONSTANTS = [undefined, undefined, NaN, Infinity, -Infinity, -0];
const CHUNK = 0x8000;

/**
 * Writes a value.
 * @throws {TypeError} for functions, symbols and instances of classes
 */
export function writeRich(root: unknown): string {
	const entries: string[] = [];
	const known = new Map<unknown, number>();
	const indexOf = (value: unknown): number => {
		const constant = CONSTANTS.findIndex((each) => Object.is(each, value));
		if (constant >= 0) return ~constant;
		let index = known.get(value);
		if (index === undefined) {
			index = entries.push('') - 1; // its parts come behind it
			known.set(value, index);
			entries[index] = JSON.stringify(entryOf(value, indexOf));
		}
		return index;
	};
	const index = indexOf(root);
	return index < 0 ? String(index) : `[${entries.join()}]`;
}

function entryOf(value: unknown, indexOf: (part: unknown) => number): unknown {
	if (typeof value === 'bigint') return ['BigInt', String(value)];
	if (typeof value === 'function' || typeof value === 'symbol') throw new TypeError(`cannot send a ${typeof value}`);
	if (typeof value !== 'object' || value === null) return value;
	if (Array.isArray(value)) return Array.from(value, indexOf);
	if (value instanceof Set) return ['Set', ...[...value].map(indexOf)];
	if (value instanceof Map) return ['Map', ...[...value].flat().map(indexOf)];
	if (value instanceof Date) return ['Date', Number.isNaN(+value) ? '' : value.toISOString()];
	if (value instanceof URL) return ['URL', value.href];
	if (value instanceof ArrayBuffer) return ['ArrayBuffer', base64(new Uint8Array(value))];
	if (ArrayBuffer.isView(value)) return viewEntry(value, indexOf(value.buffer));
	if (!isRecord(value)) throw new TypeError(`cannot send an instance of ${value.constructor.name}`);
	return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, indexOf(part)]));
}

function viewEntry(view: ArrayBufferView, buffer: number): unknown[] {
	const { byteOffset, byteLength, [Symbol.toStringTag]: tag } = view as Uint8Array;
	viewClass(tag);
	const entry = [tag, buffer];
	return byteLength === view.buffer.byteLength ? entry : [...entry, byteOffset, (view as Uint8Array).length];
}

/** @throws {Error} where it is no flattened value */
export function readRich(flattened: unknown): unknown {
	const made: unknown[] = [];
	const valueAt = (index: number): unknown => {
		if (index < 0) return CONSTANTS[~index];
		return index in made ? made[index] : (made[index] = valueOf((flattened as unknown[])[index], valueAt));
	};
	if (Array.isArray(flattened)) return valueAt(0);
	if (typeof flattened !== 'number' || flattened >= 0) throw new Error('neither a list nor a constant');
	return valueAt(flattened);
}

type ViewClass = new (buffer: unknown, byteOffset?: unknown, length?: unknown) => unknown;

function valueOf(entry: unknown, valueAt: (index: number) => unknown): unknown {
	if (entry === undefined) throw new Error('an entry is missing');
	if (typeof entry !== 'object' || entry === null) return entry;
	if (!Array.isArray(entry))
		return Object.fromEntries(Object.entries(entry).map(([key, part]) => [key, valueAt(part as number)]));
	const [tag, first, ...more] = entry as [unknown, never, ...unknown[]];
	if (typeof tag !== 'string') return (entry as number[]).map(valueAt);
	const parts = (): unknown[] => (entry.slice(1) as number[]).map(valueAt);
	switch (tag) {
		case 'Set':
			return new Set(parts());
		case 'Map':
			return new Map(pairs(parts()));
		case 'null':
			return Object.fromEntries(pairs(entry.slice(1)).map(([key, part]) => [key, valueAt(part as number)]));
		case 'Date':
			return new Date(first);
		case 'URL':
			return new URL(first);
		case 'BigInt':
			return BigInt(first);
		case 'ArrayBuffer':
			return Uint8Array.from(atob(first), (character) => character.charCodeAt(0)).buffer;
		default:
			return new (viewClass(tag))(valueAt(first), ...more);
	}
}

/** Nothing but views is ever made by its name. */
function viewClass(tag: string): ViewClass {
	const View = /^\w+(\d|Clamped)Array$/.test(tag) && (globalThis as unknown as Record<string, ViewClass>)[tag];
	if (!View) throw new TypeError(`cannot send a ${tag}`);
	return View;
}

const pairs = (list: readonly unknown[]): [unknown, unknown][] =>
	list.flatMap((key, index): [unknown, unknown][] => (index % 2 ? [] : [[key, list[index + 1]]]));

/** In chunks: a call takes so many arguments at most. */
function base64(bytes: Uint8Array): string {
	let characters = '';
	for (let start = 0; start < bytes.length; start += CHUNK)
		characters += String.fromCharCode(...bytes.subarray(start, start + CHUNK));
	return btoa(characters);
}

/** An object literal, or a row of a database driver that makes objects without a prototype. Holds across realms. */
export function isRecord(value: object): value is Record<string, unknown> {
	const prototype: unknown = Object.getPrototypeOf(value);
	return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null;
}
