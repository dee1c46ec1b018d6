import { describe, expect, it } from 'vitest';
import { Pieces } from './pieces.ts';

function taken(pieces: Pieces): number[][] {
	const all: number[][] = [];
	for (let piece = pieces.take(); piece; piece = pieces.take()) all.push([...piece]);
	return all;
}

describe('pieces', () => {
	it('come out in order, small ones joined, whatever comes between', () => {
		const pieces = new Pieces();
		const large = new Uint8Array(5_000).fill(7);
		for (const bytes of [[1], [2, 3]]) pieces.append(Uint8Array.from(bytes));
		pieces.append(large);
		pieces.append(Uint8Array.from([4]));
		expect(taken(pieces)).toEqual([[1, 2, 3], [...large], [4]]);
		pieces.append(Uint8Array.from([5]));
		expect(taken(pieces)).toEqual([[5]]);
		expect(pieces.take()).toBeUndefined();
	});

	it('hold few objects, however small they came', () => {
		const pieces = new Pieces();
		for (let index = 0; index < 40_000; index++) pieces.append(Uint8Array.of(index % 250));
		const all = taken(pieces);
		expect(all.length).toBeLessThanOrEqual(3);
		expect(all.flat()).toEqual(Array.from({ length: 40_000 }, (_, index) => index % 250));
	});

	it('are copies', () => {
		const pieces = new Pieces();
		const shared = Buffer.from([1, 2, 3]);
		const large = Buffer.alloc(5_000, 1);
		pieces.append(shared);
		pieces.append(large);
		shared.fill(9);
		large.fill(9);
		expect(taken(pieces).map(([first]) => first)).toEqual([1, 1]);
	});
});
