import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LiveError } from '../base/errors.ts';
import { FORBIDDEN_KEYS } from './limits.ts';
import { rich } from '../testing/rich-values.ts';
import { decodeValue, encodeValue, isRich, readValue } from './value.ts';

/** Through the text of a message, as it travels. */
const messageOf = (value: unknown): unknown[] => JSON.parse(`["kind",${encodeValue(value)}]`) as unknown[];
const roundTrip = (value: unknown): unknown => decodeValue(messageOf(value), 1);
const refusalOf = (run: () => unknown): LiveError => {
	try {
		run();
	} catch (error) {
		if (error instanceof LiveError) return error;
		throw error;
	}
	return expect.fail('nothing was refused');
};
const outcomeOf = (run: () => unknown): string => {
	try {
		run();
		return 'fine';
	} catch (error) {
		return error instanceof LiveError ? error.code : String(error);
	}
};
class Row {
	id = 1;
}
const nested = (levels: number): unknown => (levels === 0 ? 'core' : [nested(levels - 1)]);

/** Through JSON once, which has no minus zero. */
const plain = fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as unknown);

describe('a value on the wire', () => {
	it('comes back as it was, whatever rich kinds it is made of', { timeout: 30_000 }, () => {
		fc.assert(
			fc.property(rich, (value) => {
				expect(roundTrip(value)).toEqual(value);
			}),
			{ numRuns: 300 }
		);
	});

	it.each([
		['undefined', undefined],
		['minus zero', -0],
		['NaN', NaN],
		['Infinity', Infinity],
		['minus Infinity', -Infinity],
		['a bigint', 2n ** 70n],
		['a date', new Date(0)],
		['an invalid date', new Date(NaN)],
		['a URL', new URL('https://app.example/a?b#c')],
		['bytes', new Uint8Array([0, 255])],
		['a part of a buffer', new Uint8Array([1, 2, 3, 4]).subarray(1, 3)],
		['a buffer', new Uint8Array([7]).buffer],
		['a map of sets', new Map([[new Date(5), new Set([1n])]])],
		['undefined in a list', [1, undefined, 2]],
		['the same object twice', (() => [{ a: 1n }].flatMap((one) => [one, one]))()]
	])('keeps %s', (_, value) => {
		const back = roundTrip(value);
		expect(back).toEqual(value);
		expect(Object.is(back, -0)).toBe(Object.is(value, -0));
	});

	it('is plain JSON with no mark where JSON can say it', () => {
		fc.assert(
			fc.property(plain, (value) => {
				expect(encodeValue(value)).toBe(JSON.stringify(value));
				expect(isRich(messageOf(value), 1)).toBe(false);
			})
		);
	});

	it('takes the rows of drivers that make objects without a prototype', () => {
		const row = Object.assign(Object.create(null) as object, { id: 1 });
		expect(encodeValue([row])).toBe('[{"id":1}]');
	});

	it('nests up to 64 levels on both ways, plain and rich', () => {
		expect(roundTrip(nested(64))).toEqual(nested(64));
		expect(roundTrip([nested(62), 1n])).toEqual([nested(62), 1n]);
	});

	it.each<[string, unknown]>([
		['a function', () => 1],
		['a function inside', { rows: [{ run: () => 1 }] }],
		['a symbol', Symbol('s')],
		['an instance of a class', new Row()],
		['an instance inside a map', new Map([['row', new Row()]])],
		['a regular expression', /a+/],
		['a promise', Promise.resolve(1)],
		['an error', new Error('secret')],
		['a boxed number', Object(1)],
		['a data view', new DataView(new ArrayBuffer(1))],
		['an array of half floats, which not every runtime has', new Float16Array(1)],
		['65 levels', nested(65)],
		['65 levels of a rich value', [nested(64), 1n]],
		['an object with a symbol as a key', { [Symbol('s')]: 1n, big: 1n }]
	])('is refused where it is %s', (_, value) => {
		expect(() => encodeValue(value)).toThrow(/cannot (send|stringify)/i);
	});

	it('is refused where it contains itself', () => {
		const list: unknown[] = [];
		list.push(list);
		const map = new Map<string, unknown>();
		map.set('self', map);
		expect(() => encodeValue(list)).toThrow(TypeError);
		expect(() => encodeValue(map)).toThrow(TypeError);
	});

	it('never leaves in a form that the other side refuses', () => {
		const holes: unknown[] = [];
		holes[1] = 'here';
		const sparse: unknown[] = [];
		sparse[10_000] = 'far';
		for (const value of [holes, sparse, [sparse, new Map()]]) {
			let text: string;
			try {
				text = encodeValue(value);
			} catch {
				continue; // said where the mistake was made
			}
			expect(() => decodeValue(JSON.parse(`["kind",${text}]`) as unknown[], 1)).not.toThrow();
		}
	});
});

describe('a value from the network', () => {
	it.each([...FORBIDDEN_KEYS])('is refused with the key %s at any depth', (name) => {
		const raw = JSON.parse(`{"a":[{"b":{${JSON.stringify(name)}:1}}]}`) as unknown;
		expect(refusalOf(() => decodeValue(['kind', raw], 1)).code).toBe('BAD_REQUEST');
	});

	it('is refused beyond the limit of depth, wherever that is', () => {
		expect(decodeValue(['kind', nested(3)], 1, 3)).toEqual(nested(3));
		expect(refusalOf(() => decodeValue(['kind', nested(4)], 1, 3))).toMatchObject({
			code: 'BAD_REQUEST',
			message: expect.stringContaining('"depth"') as string
		});
		expect(refusalOf(() => decodeValue(['kind', nested(65)], 1)).code).toBe('BAD_REQUEST');
	});

	it.each([0, 2, '1', true, null, [], {}, undefined])('is a violation with the mark %j', (mark) => {
		expect(refusalOf(() => decodeValue(['kind', [1], mark], 1)).code).toBe('PROTOCOL_ERROR');
	});

	it('ends its message', () => {
		expect(refusalOf(() => decodeValue(['kind'], 1)).code).toBe('PROTOCOL_ERROR');
		expect(refusalOf(() => decodeValue(['kind', 1, 1, 1], 1)).code).toBe('PROTOCOL_ERROR');
	});

	it('is either read or refused with BAD_REQUEST, whatever JSON it is', () => {
		fc.assert(
			fc.property(fc.jsonValue(), fc.boolean(), (raw, isMarked) => {
				const message = isMarked ? ['kind', raw, 1] : ['kind', raw];
				expect(outcomeOf(() => decodeValue(message, 1))).toMatch(/^(fine|BAD_REQUEST)$/);
			}),
			{ numRuns: 1_000 }
		);
	});
});

describe('a value from the server', () => {
	it('may have keys that input may not have', () => {
		const row = { constructor: 'Lotus', points: 7n };
		expect(readValue(messageOf(row), 1)).toEqual(row);
		expect(readValue(messageOf({ prototype: 1 }), 1)).toEqual({ prototype: 1 });
	});
});
