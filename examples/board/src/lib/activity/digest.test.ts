import { expect, test } from 'vitest';
import { dayName, digestText, spanOfDay } from './digest.ts';

const NOTHING = { added: 0, moved: 0, done: 0, messages: 0 };

test('a digest counts what there was and leaves out the rest', () => {
	expect(digestText({ ...NOTHING, added: 5, done: 3 })).toBe('5 cards added, 3 done');
	expect(digestText({ added: 1, moved: 2, done: 1, messages: 1 })).toBe('1 card added, 2 moved, 1 done, 1 message');
	expect(digestText({ ...NOTHING, moved: 1 })).toBe('1 card moved');
	expect(digestText({ ...NOTHING, moved: 4, messages: 12 })).toBe('4 cards moved, 12 messages');
});

test('a day on which cards were only renamed or deleted was a quiet one', () => {
	expect(digestText(NOTHING)).toBe('A quiet day');
});

test('a day begins at midnight UTC and ends where the next one begins', () => {
	const noon = Date.UTC(2026, 10, 22, 12);
	const { from, to } = spanOfDay(noon);
	expect([dayName(from), dayName(to)]).toEqual(['2026-11-22', '2026-11-23']);
	expect(spanOfDay(from)).toEqual({ from, to });
	expect(spanOfDay(to - 1)).toEqual({ from, to });
	expect(spanOfDay(to).from).toBe(to);
});
