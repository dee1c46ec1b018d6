import { describe, expect, test } from 'vitest';
import { byRank, firstRanks, rankBetween } from './rank.ts';

describe('ranks', () => {
	test('a rank lies between its neighbours, however often the same gap is split', () => {
		let before: string | null = 'a0';
		const after = 'a1';
		for (let step = 0; step < 200; step++) {
			const rank = rankBetween(before, after);
			expect(rank > before && rank < after).toBe(true);
			before = rank;
		}
	});

	test('ranks at the top of a column stay short', () => {
		let first: string | null = null;
		for (let step = 0; step < 1000; step++) first = rankBetween(null, first);
		expect(first?.length).toBeLessThan(6);
	});

	test('the ranks of an import are in order and all different', () => {
		const ranks = firstRanks(2000);
		expect(ranks).toEqual(ranks.toSorted((left, right) => (left < right ? -1 : 1)));
		expect(new Set(ranks).size).toBe(2000);
	});

	test('neighbours with one rank still give a rank that follows both', () => {
		expect(rankBetween('a4', 'a4') > 'a4').toBe(true);
	});

	test('cards sort by code unit, then by id', () => {
		const cards = [
			{ id: 'b', rank: 'a1' },
			{ id: 'a', rank: 'a1' },
			{ id: 'c', rank: 'Zz' }
		];
		expect(cards.toSorted(byRank).map((card) => card.id)).toEqual(['c', 'a', 'b']);
	});
});
