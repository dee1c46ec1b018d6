import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LiveError } from '../base/errors.ts';
import { encodeTopic, type TopicPart } from './topic.ts';

const part: fc.Arbitrary<TopicPart> = fc.oneof(
	fc.string({ unit: 'grapheme' }),
	fc.constantFrom('', '/', '%', '%2F', '%25', '..', '.', '//', '__proto__', 'constructor', '\u0000', '\n'),
	fc.integer(),
	fc.bigInt(),
	fc.boolean()
);
const parts = fc.array(part, { minLength: 1, maxLength: 5 }).filter((list) => list.map(String).join('').length > 0);
const meaningOf = (list: readonly TopicPart[]): string => JSON.stringify(list.map(String));

const codeOf = (input: unknown): string | null => {
	try {
		encodeTopic(input as string);
		return null;
	} catch (error) {
		return error instanceof LiveError ? error.code : String(error);
	}
};

describe('the name of a topic', () => {
	it('is the same for two lists of parts only where every part is the same', () => {
		fc.assert(
			fc.property(parts, parts, (one, other) => {
				expect(encodeTopic(one) === encodeTopic(other)).toBe(meaningOf(one) === meaningOf(other));
			}),
			{ numRuns: 2_000 }
		);
	});

	it('says from which parts it was made', () => {
		fc.assert(
			fc.property(parts, (list) => {
				const back = encodeTopic(list).split('/').map(decodePart);
				expect(back).toEqual(list.map(String));
			})
		);
	});

	it.each([
		[
			['board', 'a/b'],
			['board', 'a', 'b']
		],
		[
			['board', '..', 'admin'],
			['board', '../admin']
		],
		[
			['board', 'a%2Fb'],
			['board', 'a/b']
		],
		[['board', ''], ['board']]
	])('%j is another one than %j', (one, other) => {
		expect(encodeTopic(one)).not.toBe(encodeTopic(other));
	});

	it('is the same for a string and for a list of that string', () => {
		expect(encodeTopic('a/b')).toBe(encodeTopic(['a/b']));
		expect(encodeTopic(['n', 5])).toBe(encodeTopic(['n', '5']));
	});

	it.each<[string, unknown]>([
		['an object from the network', ['board', {}]],
		['a list from the network', ['board', ['a', 'b']]],
		['null', ['board', null]],
		['undefined', ['board', undefined]],
		['a symbol', ['board', Symbol('s')]],
		['a lone surrogate', ['board', '\ud800']],
		['too many characters', ['board', 'x'.repeat(600)]],
		['too many once they are encoded', '/'.repeat(200)],
		['nothing', []],
		['an empty name', '']
	])('is refused with %s', (_, input) => {
		expect(codeOf(input)).toBe('BAD_REQUEST');
	});
});

const decodePart = (text: string): string => text.replaceAll('%2F', '/').replaceAll('%25', '%');
