import { describe, expect, it } from 'vitest';
import { MemoryStore } from '../../backplanes/memory/memory-store.ts';
import { VirtualClock } from '../../testing/virtual-clock.ts';
import type { SharedStore } from '../shared-store.ts';
import { Holdings } from './holdings.ts';
import { Roster } from './roster.ts';

const fail = (error: unknown): never => {
	throw error;
};

/** Processes that share a store, one after another. */
function world() {
	const clock = new VirtualClock();
	const store = new MemoryStore(clock);
	const lives = new Map<string, VirtualClock>();
	async function begin(id: string, own: SharedStore = store) {
		// A clock of its own, which stops with the process.
		const life = new VirtualClock();
		lives.set(id, life);
		const roster = new Roster({ store: own, clock: life, id, onError: () => {} });
		const holdings = new Holdings({ store: own, clock: life, roster, onError: fail });
		await roster.start();
		holdings.start();
		return { roster, holdings };
	}
	async function pass(ms: number): Promise<void> {
		for (let left = ms; left > 0; left -= 500) {
			await clock.advance(500);
			for (const life of lives.values()) await life.advance(500);
		}
	}
	return {
		store,
		begin,
		pass,
		kill: (id: string) => lives.delete(id),
		revive: (id: string, life: VirtualClock) => lives.set(id, life),
		lives
	};
}

const names = (entries: readonly { process: string; key: string; value: string }[]): string[] =>
	entries.map(({ process, key, value }) => `${process}:${key}=${value}`).toSorted();

describe('what a process holds', () => {
	it('is seen by every process, with its last value, until it is given up', async () => {
		const { begin } = world();
		const [one, two] = [await begin('p1'), await begin('p2')];
		await one.holdings.enter('room', 'ada', '1');
		await two.holdings.enter('room', 'ada', '2');
		await two.holdings.enter('room', 'bob b', '2');
		await one.holdings.enter('room', 'ada', '3');
		for (const { holdings } of [one, two]) {
			expect(names(await holdings.entries('room'))).toEqual(['p1:ada=3', 'p2:ada=2', 'p2:bob b=2']);
		}
		await two.holdings.leave('room', 'ada');
		expect(names(await one.holdings.entries('room'))).toEqual(['p1:ada=3', 'p2:bob b=2']);
		expect(await one.holdings.entries('another room')).toEqual([]);
	});

	it('is seen by nobody ten seconds after the process was killed, and takes up no room then', async () => {
		const { store, begin, pass, kill } = world();
		const [one, two] = [await begin('p1'), await begin('p2')];
		await one.holdings.enter('room', 'ada', '');
		await two.holdings.enter('room', 'bob', '');
		await two.holdings.enter('another room', 'bob', '');
		await pass(2_000);
		kill('p2');
		await pass(10_000);
		expect(names(await one.holdings.entries('room'))).toEqual(['p1:ada=']);
		await pass(5_000);
		expect(store.members('held/another room')).toEqual([]);
		expect(store.members('holders')).toEqual([{ member: 'p1', value: '' }]);
	});

	it('is cleared away by the next process that starts, where none was left', async () => {
		const { store, begin, pass, kill } = world();
		const one = await begin('p1');
		await one.holdings.enter('room', 'ada', '');
		kill('p1');
		await pass(60_000);
		await begin('p2');
		await pass(5_500);
		expect(store.members('held/room')).toEqual([]);
		expect(store.members('holders')).toEqual([]);
	});

	it('is given up when the process ends in order', async () => {
		const { store, begin } = world();
		const one = await begin('p1');
		await one.holdings.enter('room', 'ada', '');
		await one.holdings.stop();
		expect(store.members('held/room')).toEqual([]);
		expect(store.members('holders')).toEqual([]);
	});

	it('stays for as long as the process says that ends in order, and takes up no room then', async () => {
		const { store, begin, pass, kill } = world();
		const [one, two] = [await begin('p1'), await begin('p2')];
		await two.holdings.enter('room', 'bob', 'b');
		await two.holdings.enter('another room', 'bob', 'b');
		await two.holdings.leaveBehind('room', 10_000);
		const left = { process: 'p2', key: 'bob', value: 'b', isLeft: true };
		expect(await one.holdings.entries('room')).toEqual([left]);
		await two.holdings.stop();
		await two.roster.stop();
		kill('p2');
		expect(store.members('held/another room')).toEqual([]);
		await pass(9_500); // the others have missed it meanwhile
		expect(await one.holdings.entries('room')).toEqual([left]);
		await pass(500);
		expect(await one.holdings.entries('room')).toEqual([]);
		expect(store.members('held/room')).toEqual([]);
		expect(store.members('held by p2')).toEqual([]);
	});

	it('is entered again by a process that was asleep, once it is back', async () => {
		const { begin, pass, kill, lives, revive } = world();
		const [one, two] = [await begin('p1'), await begin('p2')];
		await two.holdings.enter('room', 'bob', '');
		const asleep = lives.get('p2')!;
		kill('p2');
		await pass(20_000);
		expect(await one.holdings.entries('room')).toEqual([]);
		await asleep.advance(20_000); // its timers find that time has passed
		revive('p2', asleep);
		await pass(2_000);
		expect(names(await one.holdings.entries('room'))).toEqual(['p2:bob=']);
	});

	it('is cleared away also where the store was away when its first entry was made', async () => {
		const { store, begin, pass, kill } = world();
		const one = await begin('p1');
		let isAway = false;
		const flaky: SharedStore = Object.assign(Object.create(store) as SharedStore, {
			enter: (...args: Parameters<SharedStore['enter']>) =>
				isAway ? Promise.reject(new Error('away')) : store.enter(...args),
			members: (group: string) => store.members(group),
			leave: (group: string, member: string) => store.leave(group, member)
		});
		const two = await begin('p2', flaky);
		isAway = true;
		await expect(two.holdings.enter('room', 'bob', '')).rejects.toThrow('away');
		isAway = false;
		await two.holdings.enter('room', 'bob', '');
		kill('p2');
		await pass(15_000);
		expect(names(await one.holdings.entries('room'))).toEqual([]);
		expect(store.members('held/room')).toEqual([]);
	});

	it('leaves nothing behind in groups that it has left, and is there again where it comes back at once', async () => {
		const { store, begin, pass, kill } = world();
		const one = await begin('p1');
		await begin('p2');
		await one.holdings.enter('room', 'ada', '');
		await one.holdings.leave('room', 'ada');
		expect(store.members('held by p1')).toEqual([]);
		const left = one.holdings.enter('room', 'ada', '').then(() => one.holdings.leave('room', 'ada'));
		await left;
		await Promise.all([one.holdings.leave('room', 'ada'), one.holdings.enter('room', 'ada', '')]);
		expect(store.members('held by p1')).toEqual([{ member: 'room', value: '' }]);
		kill('p1');
		await pass(15_000);
		expect(store.members('held/room')).toEqual([]);
	});

	it('stays in the store a while longer than one process misses it, for those that do not miss it yet', async () => {
		const { store, begin, pass, kill } = world();
		const [one, two] = [await begin('p1'), await begin('p2')];
		await two.holdings.enter('room', 'bob', '');
		const missed: string[] = [];
		one.roster.listen({ gone: (ids) => missed.push(...ids), returned: () => {} });
		kill('p2');
		while (missed.length === 0) await pass(500);
		await begin('p3');
		await pass(4_000);
		expect(await one.holdings.entries('room')).toEqual([]);
		expect(store.members('held/room')).toHaveLength(1);
		await pass(1_500);
		expect(store.members('held/room')).toEqual([]);
	});

	it('is not cleared away where its process was missed, and is back', async () => {
		const { store, begin, pass, kill, lives, revive } = world();
		const [, two] = [await begin('p1'), await begin('p2')];
		await two.holdings.enter('room', 'bob', '');
		const asleep = lives.get('p2')!;
		kill('p2');
		await pass(8_500);
		revive('p2', asleep);
		await pass(10_000);
		expect(store.members('held/room')).toHaveLength(1);
	});
});
