import { describe, expect, test } from 'vitest';
import type { Card } from '../model.ts';
import { firstRanks } from '../rank.ts';
import { createDiff, createGrouping } from './group.ts';

const ranks = firstRanks(2000);
const card = (id: string, columnId: string, rank: string): Card => ({
	id,
	columnId,
	rank,
	title: id,
	ref: null,
	date: null,
	by: null,
	changedAt: 0
});
const board = ranks.map((rank, index) => card(`c${index}`, `column-${index % 4}`, rank));

describe('grouping', () => {
	test('cards are in their column, by rank, in whatever order they arrive', () => {
		const groups = createGrouping()([card('b', 'x', 'a1'), card('c', 'y', 'a0'), card('a', 'x', 'a0')]);
		expect(groups.get('x')?.map(({ id }) => id)).toEqual(['a', 'b']);
		expect(groups.get('y')?.map(({ id }) => id)).toEqual(['c']);
	});

	test('a column that did not change stays the same array', () => {
		const group = createGrouping();
		const before = group(board);
		const moved = { ...board[0]!, columnId: 'column-1' };
		const after = group([...board.slice(1), moved]);
		expect(after.get('column-2')).toBe(before.get('column-2'));
		expect(after.get('column-3')).toBe(before.get('column-3'));
		expect(after.get('column-0')).toHaveLength(499);
		expect(after.get('column-1')?.[0]).toBe(moved);
	});

	test('a changed title changes its column', () => {
		const group = createGrouping();
		const before = group(board);
		const after = group(board.with(5, { ...board[5]!, title: 'new' }));
		expect(after.get('column-1')).not.toBe(before.get('column-1'));
	});
});

describe('the difference to the list before', () => {
	test('is nothing at first, then what is new or changed', () => {
		const diff = createDiff();
		expect(diff(board)).toEqual([]);
		const changed = { ...board[7]!, title: 'changed' };
		const added = card('new', 'column-0', 'a0');
		expect(diff([...board.with(7, changed).slice(1), added])).toEqual([changed, added]);
	});
});
