// Checks devalue's flattened form before anything is revived from it. The form is a graph written as a list; a few bytes
// of it can describe cycles, endless depth, sparse arrays of a billion holes and regular expressions, so: only known
// tags, no cycles, bounded depth, bounded size when every shared part is counted as often as it is used.

import { LiveError } from '../base/errors.ts';
import { FIXED_LIMITS, FORBIDDEN_KEYS } from './limits.ts';

export const LEAF_TAGS: ReadonlySet<unknown> = new Set([
	'Date', 'BigInt', 'URL', 'ArrayBuffer',
	'Int8Array', 'Uint8Array', 'Uint8ClampedArray', 'Int16Array', 'Uint16Array', 'Int32Array', 'Uint32Array',
	'Float32Array', 'Float64Array', 'BigInt64Array', 'BigUint64Array'
]); // prettier-ignore

/** devalue's negative numbers stand for undefined, a hole, NaN, ±Infinity and -0; -7 opens a sparse array. */
const LOWEST_CONSTANT = -6;
const BIGINT = /^-?\d+$/;

/** How many values lie below one entry, and how many levels. */
interface Extent {
	nodes: number;
	levels: number;
}

const LEAF: Extent = { nodes: 1, levels: 0 };

/**
 * Returns when `values` is a flattened value that is safe to revive.
 * @throws {LiveError} BAD_REQUEST that says what is not allowed
 */
export function assertFlattened(values: unknown, maxDepth: number): asserts values is unknown[] | number {
	if (typeof values === 'number') return assertConstant(values);
	if (!Array.isArray(values) || values.length === 0) refuse('a rich value must be a list or a constant');
	new FlattenedCheck(values).extentOf(0, maxDepth);
}

class FlattenedCheck {
	readonly #values: unknown[];
	readonly #known: (Extent | 'open' | undefined)[] = [];

	constructor(values: unknown[]) {
		this.#values = values;
	}

	extentOf(index: unknown, depth: number): Extent {
		if (typeof index !== 'number' || !Number.isInteger(index))
			refuse('a reference in a rich value must be a number');
		if (index < 0) return (assertConstant(index), LEAF);
		if (index >= this.#values.length) refuse(`a rich value refers to entry ${index}, which it does not have`);
		const known = this.#known[index];
		if (known === 'open') refuse('a value that contains itself is not allowed');
		const extent = known ?? this.#measure(index, depth);
		if (extent.levels > depth) refuse('a value nests deeper than the limit "depth"');
		return extent;
	}

	#measure(index: number, depth: number): Extent {
		if (depth < 0) refuse('a value nests deeper than the limit "depth"');
		this.#known[index] = 'open';
		const extent = this.#sum(this.#partsOf(this.#values[index]), depth);
		this.#known[index] = extent;
		return extent;
	}

	#sum(parts: Iterable<unknown> | null, depth: number): Extent {
		if (parts === null) return LEAF;
		let nodes = 1;
		let levels = 0;
		for (const part of parts) {
			const extent = this.extentOf(part, depth - 1);
			nodes += extent.nodes;
			levels = Math.max(levels, extent.levels);
			if (nodes > FIXED_LIMITS.richNodes) refuse(`a rich value has more than ${FIXED_LIMITS.richNodes} parts`);
		}
		return { nodes, levels: levels + 1 };
	}

	/** The references inside one entry, or null where it has none. */
	#partsOf(entry: unknown): Iterable<unknown> | null {
		if (typeof entry !== 'object' || entry === null) return null;
		if (!Array.isArray(entry)) return recordParts(entry);
		return typeof entry[0] === 'string' ? this.#taggedParts(entry) : entry;
	}

	#taggedParts(entry: unknown[]): Iterable<unknown> | null {
		const tag = entry[0] as string;
		if (tag === 'Set' || tag === 'Map') return entry.slice(1);
		if (tag === 'null') return nullRecordParts(entry);
		if (!LEAF_TAGS.has(tag)) refuse(`a value of type "${tag.slice(0, 32)}" is never revived`);
		if (tag === 'BigInt') assertBigint(entry[1]);
		else if (tag.endsWith('Array')) this.#assertBuffer(entry[1]);
		else if (typeof entry[1] !== 'string') refuse(`a ${tag} must be written as a string`);
		return null;
	}

	#assertBuffer(index: unknown): void {
		const buffer = this.#values[index as number];
		if (!Array.isArray(buffer) || buffer[0] !== 'ArrayBuffer') refuse('a typed array must refer to a buffer');
		if (typeof buffer[1] !== 'string') refuse('a buffer must be written as a string');
	}
}

function recordParts(entry: object): unknown[] {
	for (const key in entry) assertKey(key);
	return Object.values(entry);
}

function nullRecordParts(entry: unknown[]): unknown[] {
	const parts: unknown[] = [];
	for (let index = 1; index < entry.length; index += 2) {
		assertKey(entry[index]);
		parts.push(entry[index + 1]);
	}
	return parts;
}

function assertKey(key: unknown): void {
	if (typeof key !== 'string' || FORBIDDEN_KEYS.has(key))
		refuse(`the key "${String(key).slice(0, 32)}" is not allowed`);
}

function assertBigint(digits: unknown): void {
	const valid = typeof digits === 'string' && digits.length <= FIXED_LIMITS.bigintDigits && BIGINT.test(digits);
	if (!valid) refuse(`a bigint must be written with at most ${FIXED_LIMITS.bigintDigits} digits`);
}

function assertConstant(value: number): void {
	if (!Number.isInteger(value) || value >= 0 || value < LOWEST_CONSTANT)
		refuse(`${value} is no constant of a rich value`);
}

function refuse(message: string): never {
	throw new LiveError('BAD_REQUEST', message);
}
