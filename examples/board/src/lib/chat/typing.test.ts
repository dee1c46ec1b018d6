import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Typing } from './typing.ts';

const tell = vi.fn();

beforeEach(() => {
	vi.useFakeTimers();
	tell.mockReset();
});
afterEach(() => {
	vi.useRealTimers();
});

test('the others are told once when somebody begins and once when they pause', () => {
	const typing = new Typing(tell);
	for (const text of ['H', 'He', 'Hel']) {
		typing.changed(text);
		vi.advanceTimersByTime(3_000);
	}
	expect(tell.mock.calls).toEqual([[true]]);
	vi.advanceTimersByTime(1_000);
	expect(tell.mock.calls).toEqual([[true], [false]]);
});

test('whoever sends or empties the message types no more', () => {
	const typing = new Typing(tell);
	typing.changed('Hello');
	typing.ended();
	typing.ended();
	typing.changed('again');
	typing.changed(' ');
	vi.advanceTimersByTime(60_000);
	expect(tell.mock.calls).toEqual([[true], [false], [true], [false]]);
});
