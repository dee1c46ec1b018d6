import { describe, expect, it } from 'vitest';
import { Lane, type InFlight } from './lane.ts';

/** A lane, the batches that it has sent, and what became of its items. */
function makeLane(most: InFlight) {
	const batches: { items: number[]; done: PromiseWithResolvers<void> }[] = [];
	const refused: number[] = [];
	const state = { isDown: false, idle: 0 };
	const deferred: (() => void)[] = [];
	const lane = new Lane<number>(
		{
			clock: { defer: (run) => void deferred.push(run) },
			send: (items) => {
				const done = Promise.withResolvers<void>();
				batches.push({ items, done });
				return done.promise;
			},
			sizeOf: () => 1,
			refuse: (item) => refused.push(item),
			isDown: () => state.isDown,
			onIdle: () => state.idle++
		},
		most
	);
	/** The end of a pass of the event loop. */
	const pass = (): void => deferred.splice(0).forEach((run) => run());
	const push = (from: number, count: number): void => {
		for (let item = from; item < from + count; item++) lane.push(item);
		pass();
	};
	return { batches, refused, state, push, sizes: () => batches.map(({ items }) => items.length) };
}

const settled = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

describe('a lane', () => {
	it('sends what came in one pass together, in its order, and then what came until an answer', async () => {
		const { batches, push, sizes, state } = makeLane({ any: 2, full: 2 });
		push(1, 3);
		push(4, 1);
		push(5, 2);
		push(7, 2);
		expect(batches.map(({ items }) => items)).toEqual([[1, 2, 3], [4]]);
		batches[0]!.done.resolve();
		await settled();
		expect(batches[2]!.items).toEqual([5, 6, 7, 8]);
		for (const { done } of batches) done.resolve();
		await settled();
		expect([sizes(), state.idle]).toEqual([[3, 1, 4], 1]);
	});

	it('sends full batches while others are under way, and keeps back what would make one larger', async () => {
		const { batches, push, sizes } = makeLane({ any: 2, full: 4 });
		push(1, 4_500);
		expect(sizes()).toEqual([1_000, 1_000, 1_000, 1_000]);
		batches[0]!.done.resolve();
		await settled();
		expect(sizes()).toHaveLength(4);
		push(4_501, 500);
		expect(sizes()).toEqual([1_000, 1_000, 1_000, 1_000, 1_000]);
		expect(batches[4]!.items[0]).toBe(4_001);
	});

	it('refuses what a batch had that failed, and what waits as well where it would fail like that', async () => {
		const { batches, refused, state, push } = makeLane({ any: 1, full: 1 });
		push(1, 2);
		push(3, 2);
		batches[0]!.done.reject(new Error('refused'));
		await settled();
		expect(refused).toEqual([1, 2]);
		push(5, 1);
		state.isDown = true;
		batches[1]!.done.reject(new Error('lost'));
		await settled();
		expect(refused).toEqual([1, 2, 3, 4, 5]);
	});
});
