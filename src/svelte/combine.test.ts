import { expect, test } from 'vitest';
import { MemoryStream } from '../../test/svelte/memory-stream.ts';
import { combine } from './combine.ts';
import { StreamResource } from './resource.ts';

function setUp() {
	const [left, right] = [new MemoryStream(), new MemoryStream()];
	let runs = 0;
	const sum = combine(
		new StreamResource<number, never>(left, 'left'),
		new StreamResource<number, never>(right, 'right'),
		(a, b) => {
			runs += 1;
			return (a ?? 0) + (b ?? 0);
		}
	);
	return { left, right, sum, runs: () => runs };
}

test('a subscriber gets the combination once at first, then after each change of a source', () => {
	const { left, right, sum } = setUp();
	left.receive(1);
	const seen: number[] = [];
	const stop = sum.subscribe((value) => seen.push(value));
	right.receive(10);
	left.receive(2);
	expect(seen).toEqual([1, 11, 12]);
	stop();
	expect([left.listeners, right.listeners]).toEqual([0, 0]);
});

test('a read computes only after a source has changed', () => {
	const { left, sum, runs } = setUp();
	left.receive(1);
	expect([sum.current, sum.current, sum.current]).toEqual([1, 1, 1]);
	expect(runs()).toBe(1);
	left.receive(2);
	expect(sum.current).toBe(2);
	expect(runs()).toBe(2);
});

test('a combination is a source of another', () => {
	const { left, right, sum } = setUp();
	const text = combine(sum, (total) => `total ${total}`);
	left.receive(1);
	right.receive(2);
	expect(text.current).toBe('total 3');
});
