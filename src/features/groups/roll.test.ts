import { describe, expect, it } from 'vitest';
import { scene } from '../../../test/support/group-scene.ts';

describe('who was on a process that was killed', () => {
	it('has left, of which one of the others is told once, also where nobody there is in the group', async () => {
		const { all, read, processes, told } = await scene(3);
		await read(all[0]);
		await read(all[0], 'watcher');
		await all[0].kill();
		await processes.advance(10_000);
		expect(told).toEqual(['player joined g', 'watcher joined g', 'player left g', 'watcher left g']);
		await processes.advance(60_000);
		expect(told).toHaveLength(4);
	});

	it('is told of by their own process where it ends in order before their connection does', async () => {
		const { all, read, processes, told } = await scene(2);
		await read(all[0]);
		const stopped = all[0].server.stop();
		await processes.settle();
		await stopped;
		expect(told).toEqual(['player joined g', 'player left g']);
		await processes.advance(10_000);
		expect(told).toHaveLength(2);
	});

	it('is told of by the next process that starts, where none was left', async () => {
		const { all, read, processes, told } = await scene(1);
		await read(all[0]);
		await all[0].kill();
		await processes.advance(10_000);
		await processes.begin();
		expect(told).toEqual(['player joined g', 'player left g']);
	});

	it('is not told of again who had left before, or whose process ended in order', async () => {
		const { all, read, ask, processes, told } = await scene(2);
		const { client } = await read(all[0]);
		await ask(client, 'leave');
		await all[0].kill();
		const third = await processes.begin();
		await read(third);
		await third.stop();
		await processes.advance(10_000);
		expect(told).toEqual(['player joined g', 'player left g', 'player joined g', 'player left g']);
	});

	it('is told of once, however slow the store is for those that look', async () => {
		const { all, read, processes, told } = await scene(3);
		for (let count = 5; count > 0; count--) await read(all[0]);
		processes.faults.maxDelayMs = 30;
		await all[0].kill();
		await processes.advance(20_000);
		expect(told.filter((line) => line === 'player left g')).toHaveLength(5);
	});

	it('is not told of where their user cannot be written down, which is reported', async () => {
		const { all, ask, processes, told } = await scene(2);
		const client = all[0].connect({ id: 'x', greet: () => {} });
		await processes.advance(10);
		expect(await ask(client, 'join', 'player')).toBe(true);
		expect(processes.errors).toEqual([expect.any(TypeError)]);
		await all[0].kill();
		await processes.advance(10_000);
		expect(told).toEqual(['player joined g']);
	});

	it('is told of with the role that they had last', async () => {
		const { all, read, ask, processes, told } = await scene(2);
		const { client } = await read(all[0]);
		await ask(client, 'join', 'watcher');
		await all[0].kill();
		await processes.advance(10_000);
		expect(told).toEqual(['player joined g', 'watcher left g']);
	});
});
