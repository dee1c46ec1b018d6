import { stringify, unflatten } from 'devalue';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rich } from '../testing/rich-values.ts';
import { readRich, writeRich } from './rich.ts';

const parsed = (text: string): never => JSON.parse(text) as never;
class Row {
	id = 1;
}
/** Objects without a prototype travel as any other: what reads them never sees the difference in a row. */
const normal = (value: unknown): unknown => readRich(parsed(stringify(value)));

describe('a rich value of the client', () => {
	it('is read by devalue as it was written', { timeout: 30_000 }, () => {
		fc.assert(
			fc.property(rich, (value) => {
				expect(unflatten(parsed(writeRich(value)))).toEqual(normal(value));
			}),
			{ numRuns: 300 }
		);
	});

	it('is read as devalue wrote it', { timeout: 30_000 }, () => {
		fc.assert(
			fc.property(rich, (value) => {
				expect(readRich(parsed(stringify(value)))).toEqual(value);
			}),
			{ numRuns: 300 }
		);
	});

	it('keeps what is the same object the same object', () => {
		const shared = { id: 1n };
		const [one, two] = readRich(parsed(writeRich([shared, shared]))) as unknown[];
		expect(one).toBe(two);
		expect(one).toEqual(shared);
	});

	it('writes a buffer of any size, and a part of it with its place', () => {
		const bytes = Uint8Array.from({ length: 100_000 }, (_, index) => index % 256);
		const values = [bytes, bytes.subarray(7, 99), new Float64Array(bytes.buffer, 8, 3)];
		expect(unflatten(parsed(writeRich(values)))).toEqual(values);
	});

	it.each<[string, unknown]>([
		['a function', () => 1],
		['a symbol', Symbol('s')],
		['an instance of a class', new Row()],
		['a regular expression', /a+/],
		['a promise', Promise.resolve(1)],
		['a data view', new DataView(new ArrayBuffer(1))]
	])('is refused where it is %s', (_, value) => {
		expect(() => writeRich({ rows: [value] })).toThrow(/cannot send/);
	});

	it('fills holes with undefined', () => {
		// oxlint-disable-next-line no-sparse-arrays -- what is tested
		expect(readRich(parsed(writeRich([1, , 3])))).toEqual([1, undefined, 3]);
	});

	it.each<[string, unknown]>([
		['a class that is made by its name', [['Function', 1], 'alert(1)']],
		['a list of a length', [['Array', 1], 1]],
		['an unknown type', [['Row', 1]]],
		['an entry that is missing', [{ id: 7 }]],
		['no list', { 0: 1 }],
		['a number that stands for nothing', 3],
		['nothing', []],
		['a cycle', [[0]]]
	])('is not read where it is %s', (_, flattened) => {
		expect(() => readRich(flattened)).toThrow(/cannot send|missing|neither|call stack|reading/);
	});

	it('gives an object a key that changes prototypes as a key', () => {
		const value = readRich(parsed('[{"__proto__":1},{"admin":2},true]')) as { admin?: unknown };
		expect(value.admin).toBeUndefined();
		expect(Object.keys(value)).toEqual(['__proto__']);
	});
});
