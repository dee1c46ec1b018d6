import { expect, test } from 'vitest';
import { dropIndex } from './drop-index.ts';

// Three cards: 0–100, 100–140, 140–240.
const tops = [0, 100, 140, 240];

test.each([
	[-50, 0],
	[49, 0],
	[51, 1],
	[119, 1],
	[121, 2],
	[191, 3],
	[9000, 3]
])('a card from another column at %i goes to place %i', (y, place) => {
	expect(dropIndex({ tops, from: null }, y)).toBe(place);
});

test.each([
	[0, 50, 0],
	[0, 119, 0],
	[0, 121, 1],
	[0, 191, 2],
	[0, 9000, 2],
	[2, 190, 2],
	[2, 9000, 2],
	[2, 119, 1],
	[2, 40, 0],
	[1, 120, 1]
])('card %i of this column at %i goes to place %i', (from, y, place) => {
	expect(dropIndex({ tops, from }, y)).toBe(place);
});

test('an empty column has one place', () => {
	expect(dropIndex({ tops: [4], from: null }, 300)).toBe(0);
});
