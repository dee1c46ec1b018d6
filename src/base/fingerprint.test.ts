import { expect, it } from 'vitest';
import { fingerprint } from './fingerprint.ts';

it('differs where texts differ a little', () => {
	const texts = Array.from({ length: 50_000 }, (_, index) => `[{"id":"${index}","amount":${index % 7}}]`);
	texts.push('', '[]', '[[]]', 'a\u0000', 'a', '\u0000a');
	const prints = texts.map(fingerprint);
	expect(new Set(prints).size).toBe(texts.length);
	expect(prints.every((print) => /^[0-9a-f]{16}$/.test(print))).toBe(true);
});

it('is the same for the same text, in every version that reads what another one stored', () => {
	expect(fingerprint('[{"amount":5}]')).toBe(fingerprint(['[{"amount":', '5}]'].join('')));
	expect(fingerprint('tidewire')).toMatchInlineSnapshot(`"5516fd6c4a973e7e"`);
});
