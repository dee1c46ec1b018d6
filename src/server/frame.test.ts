import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countedLength, Frame, utf8Length } from './frame.ts';

describe('the length of a text in UTF-8', () => {
	it('is what an encoder makes of it, lone surrogates included', () => {
		const units = fc.array(
			fc.oneof(
				fc.integer({ min: 0, max: 0xffff }),
				fc.integer({ min: 0xd7f0, max: 0xe010 }),
				fc.constantFrom(0x7f, 0x80, 0x7ff, 0x800, 0xd800, 0xdbff, 0xdc00, 0xdfff)
			)
		);
		fc.assert(
			fc.property(units, (codes) => {
				const text = String.fromCharCode(...codes);
				expect(countedLength(text)).toBe(Buffer.byteLength(text));
				expect(new Frame(text).bytes).toBe(Buffer.byteLength(text));
			}),
			{ numRuns: 2_000 }
		);
	});

	it.each(['', 'ascii', 'ü', '€', '😀', '\ud83d', '\ude00\ud83d', 'a\ud83d', '\ud83d😀'])(
		'is right for %j',
		(text) => {
			expect(countedLength(text)).toBe(Buffer.byteLength(text));
			expect(utf8Length(text)).toBe(Buffer.byteLength(text));
		}
	);
});
