import { expect, it } from 'vitest';
import { encodeTopic } from '../../protocol/topic.ts';
import { arrayText, bodyToText, fromText, identifier, literal, topicToText, toText } from './text.ts';

it('a topic with what the database has not is text that stands for nothing else', () => {
	const topics = [['a\0b'], ['a%00b'], ['a', 'b'], ['a/b'], ['ab']].map((parts) => topicToText(encodeTopic(parts)));
	expect(topics.join()).not.toContain('\0');
	expect(new Set(topics).size).toBe(topics.length);
});

it('a body means the same, also with half of a pair of surrogates', () => {
	for (const data of ['a', '\u{1f600}', '\ud83d', 'a\ude00b', '\0']) {
		const text = bodyToText(`"set",${JSON.stringify(data)}`);
		expect(text.isWellFormed()).toBe(true);
		expect(JSON.parse(`[${text}]`)).toEqual(['set', data]);
	}
	const raw = bodyToText('"set","\ud83d!"');
	expect([raw.isWellFormed(), JSON.parse(`[${raw}]`)]).toEqual([true, ['set', '\ud83d!']]);
});

it('any string comes back to the letter', () => {
	for (const value of ['', 'a', '\0', '\ud83d', '"\\', '\u2028']) {
		expect(toText(value)).not.toMatch(/\0/);
		expect(fromText(toText(value))).toBe(value);
	}
});

it('arrays, names and literals are quoted', () => {
	expect(arrayText(['a"b', '\\', '{,}', 'NULL'])).toBe('{"a\\"b","\\\\","{,}","NULL"}');
	expect(arrayText([1, -2])).toBe('{1,-2}');
	expect([identifier('a"b'), literal("o'clock")]).toEqual(['"a""b"', "'o''clock'"]);
});
