import * as fc from 'fast-check';
import { stringify } from 'devalue';
import { describe, expect, it } from 'vitest';
import { LiveError } from '../base/errors.ts';
import { assertFlattened } from './flattened.ts';
import { decodeValue } from './value.ts';

/** Why a flattened form is refused; null where it is not. */
function refusalOf(form: unknown, depth = 64): string | null {
	try {
		assertFlattened(form, depth);
		return null;
	} catch (error) {
		if (error instanceof LiveError && error.code === 'BAD_REQUEST') return error.message;
		throw error;
	}
}

const outcomeOf = (run: () => unknown): string => {
	try {
		run();
		return 'fine';
	} catch (error) {
		return error instanceof LiveError ? error.code : String(error);
	}
};

/** Each entry is a list that refers to the next one twice: a few hundred bytes that unfold into 2^levels parts. */
const laughs = (levels: number): unknown[] => [
	...Array.from({ length: levels }, (_, index) => [index + 1, index + 1]),
	'lol'
];

const chain = (levels: number): unknown[] => [...Array.from({ length: levels }, (_, index) => [index + 1]), 'end'];

describe('a flattened value is refused', () => {
	it.each<[string, unknown]>([
		['nothing', []],
		['an object', {}],
		['a string', 'text'],
		['null', null],
		['true', true],
		['no constant of ours', -7],
		['a constant that does not exist', -99],
		['a fraction', -0.5],
		['a reference to itself from outside', 0],
		['a positive number', 5]
	])('where it is %s', (_, form) => {
		expect(refusalOf(form)).not.toBeNull();
	});

	it.each<[string, unknown[]]>([
		['a reference that is a string', [['1'], 1]],
		['a reference that is null', [[null]]],
		['a reference that is a fraction', [[0.5]]],
		['a reference behind the end', [[1]]],
		['a constant that does not exist', [[-8]]],
		['a sparse array', [[-7, 1_000_000_000, 0, 1], 'far']],
		['a cycle of one', [[0]]],
		['a cycle of two', [[1], [0]]],
		['a cycle through a map', [['Map', 1, 0], 'key']],
		['a cycle through an object', [{ self: 0 }]],
		['a regular expression', [['RegExp', '(a+)+$', '']]],
		['an error', [['Error', 'x']]],
		['a boxed primitive', [['Object', 1], 1]],
		['an unknown tag', [['Custom', 1], 1]],
		['the tag of a prototype', [['constructor', 1], 1]],
		['the tag __proto__', [['__proto__', 1], 1]],
		['URL search parameters', [['URLSearchParams', 'a=1']]],
		['a Temporal', [['Temporal.Instant', '2020-01-01T00:00:00Z']]],
		['a date that is a number', [['Date', 1], 1]],
		['a date with no text', [['Date']]],
		['a URL that is a list', [['URL', []]]],
		['a buffer that is a number', [['ArrayBuffer', 7]]],
		['bytes of no buffer', [['Uint8Array', 1], 'text']],
		['bytes of a buffer behind the end', [['Uint8Array', 9]]],
		['bytes of a reference by name', [['Uint8Array', 'length']]],
		[
			'bytes of a broken buffer',
			[
				['Uint8Array', 1],
				['ArrayBuffer', {}]
			]
		],
		['a bigint that is a word', [['BigInt', 'x']]],
		['a bigint that is a number', [['BigInt', 5]]],
		['a bigint that is too long', [['BigInt', '9'.repeat(1_001)]]],
		['a map whose key is no reference', [['Map', 'a', 1], 1]],
		['a set of no references', [['Set', {}]]],
		['the key __proto__', [JSON.parse('{"__proto__":1}'), 1]],
		['the key constructor', [{ constructor: 1 }, 1]],
		['the key prototype, without a prototype', [['null', 'prototype', 1], 1]],
		['a key that is no string, without a prototype', [['null', 5, 1], 1]],
		['a key with no value, without a prototype', [['null', 'a']]]
	])('where it has %s', (_, form) => {
		expect(refusalOf(form)).not.toBeNull();
	});

	it('where it unfolds into more parts than the limit', () => {
		expect(refusalOf(laughs(10))).toBeNull();
		expect(refusalOf(laughs(30))).toMatch(/100000 parts/);
		expect(refusalOf(laughs(63))).toMatch(/100000 parts/);
	});

	it('where a level is reached on one way only, and that one is too deep', () => {
		expect(refusalOf(chain(64))).toBeNull();
		expect(refusalOf(chain(65))).toMatch(/depth/);
		// The same entry is used near the top first and far down later.
		expect(refusalOf([[4, 1], [2], [3], [4], [5], 'end'], 5)).toBeNull();
		expect(refusalOf([[4, 1], [2], [3], [4], [5], 'end'], 4)).toMatch(/depth/);
	});

	it('in time that grows with its size, not with what it describes', () => {
		const wide = [Array.from({ length: 20_000 }, () => 1), Array.from({ length: 20_000 }, () => 2), 'x'];
		expect(refusalOf(wide)).toMatch(/parts/);
	});
});

describe('whatever form comes', () => {
	const tag = fc.constantFrom('Map', 'Set', 'Date', 'URL', 'BigInt', 'ArrayBuffer', 'Uint8Array', 'null', 'RegExp');
	const entry = fc.oneof(
		fc.array(fc.integer({ min: -8, max: 6 }), { maxLength: 4 }),
		fc.tuple(tag, fc.oneof(fc.integer({ min: -8, max: 6 }), fc.string(), fc.constant('AAAA'))),
		fc.dictionary(fc.string(), fc.integer({ min: -8, max: 6 })),
		fc.jsonValue()
	);

	it('is revived or refused, and nothing else happens', () => {
		fc.assert(
			fc.property(fc.array(entry, { maxLength: 6 }), (form) => {
				const message = ['kind', JSON.parse(JSON.stringify(form)), 1];
				expect(outcomeOf(() => decodeValue(message, 1))).toMatch(/^(fine|BAD_REQUEST)$/);
			}),
			{ numRuns: 3_000 }
		);
		expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
	});

	it('what devalue writes for our own kinds is let through', () => {
		const value = { date: new Date(0), list: [new Map([[1, new Set([2n])]]), new Uint8Array(3), undefined, -0] };
		expect(refusalOf(JSON.parse(stringify(value)))).toBeNull();
	});
});
