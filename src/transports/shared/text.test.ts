import { expect, test } from 'vitest';
import { Frame } from '../../server/frame.ts';
import { Joiner, textOf } from './text.ts';

const [a, b, c] = ['a', 'ü', 'c'].map((text) => new Frame(text)) as [Frame, Frame, Frame];

test('messages are joined by line ends', () => {
	expect(textOf([a, b, c])).toBe('a\nü\nc');
	expect(textOf([a])).toBe('a');
});

test('what is joined once for all is never given to a socket that sends something else', () => {
	const joiner = new Joiner();
	const lists = [[a, b], [a, b], [b, a], [a], [a, b, c], [a, b], [new Frame('x'), b]];
	for (const frames of lists) expect(joiner.textOf(frames)).toBe(textOf(frames));
});

test('long lists are joined, too', () => {
	const frames = Array.from({ length: 100 }, () => a);
	expect(new Joiner().textOf(frames)).toBe(textOf(frames));
});
