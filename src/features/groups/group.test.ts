import { describe, expect, it } from 'vitest';
import { codeOf, scene } from '../../../test/support/group-scene.ts';
import type { TestProcess } from '../../../test/support/processes.ts';
import { group } from './group.ts';

describe('a group', () => {
	it('tells its members on every process what is published, and nobody else', async () => {
		const { all, read, on } = await scene(2);
		const [one, two] = [await read(all[0]), await read(all[1])];
		const stranger = await read(all[1], null);
		await on(all[0], (game) => game.publish('said', { text: 'hello' }));
		expect([one.heard(), two.heard()]).toEqual([['hello'], ['hello']]);
		expect(stranger.stream.error?.code).toBe('FORBIDDEN');
	});

	it('tells those of a role only, on every process', async () => {
		const { all, read, on } = await scene(2);
		const [player, watcher, other] = [await read(all[0]), await read(all[0], 'watcher'), await read(all[1])];
		await on(all[1], (game) => game.publish('said', { text: 'your turn' }, { role: 'player' }));
		expect([player.heard(), watcher.heard(), other.heard()]).toEqual([['your turn'], [], ['your turn']]);
	});

	it('tells one member alone, on whichever process it is', async () => {
		const { all, read, on } = await scene(2);
		const [one, two, three] = [await read(all[0]), await read(all[1]), await read(all[1])];
		const members = await on(all[1], async (game) => game.localMembers());
		await on(all[0], (game) => game.send(members[1]!.connection, 'said', { text: 'psst' }));
		expect([one.heard(), two.heard(), three.heard()]).toEqual([[], [], ['psst']]);
	});

	it('ends for a member with its connection, or when it leaves', async () => {
		const { all, read, on, ask, told, processes } = await scene(2);
		const [one, two] = [await read(all[0]), await read(all[1])];
		expect(await on(all[1], (game) => game.count())).toBe(2);
		one.client.disconnect();
		await processes.advance(10);
		expect(await on(all[1], (game) => game.count())).toBe(1);
		expect(await ask(two.client, 'has')).toBe(true);
		await ask(two.client, 'leave');
		expect(await ask(two.client, 'has')).toBe(false);
		await on(all[0], (game) => game.publish('said', { text: 'anybody?' }));
		expect(two.heard()).toEqual([]);
		expect(told).toEqual(['player joined g', 'player joined g', 'player left g', 'player left g']);
	});

	it('is heard by who waited for a place while the last member left', async () => {
		const { all, read, processes, on } = await scene(1, { role: () => 'player' });
		const { client } = await read(all[0], null);
		processes.faults.maxDelayMs = 50;
		const waiting = all[0].connect({ id: 'y' }).subscribe('m/game', 'g');
		await processes.settle();
		client.call('m/leave').catch(() => {});
		await processes.advance(500);
		processes.faults.maxDelayMs = 0;
		await on(all[0], (game) => game.publish('said', { text: 'hello' }));
		expect(waiting.value).toEqual([{ text: 'hello' }]);
	});

	it('is heard by who joins while somebody leaves who was not in it', async () => {
		const { all, processes, on } = await scene(2);
		const [first, stranger] = [all[0].connect({ id: 'x' }), all[0].connect({ id: 'y' })];
		await processes.advance(10);
		processes.faults.maxDelayMs = 50;
		first.call('m/join', 'player').catch(() => {});
		await processes.settle(); // it begins to listen
		stranger.call('m/leave').catch(() => {});
		await processes.advance(500);
		processes.faults.maxDelayMs = 0;
		const heard = first.subscribe('m/game', 'g');
		await processes.advance(10);
		await on(all[1], (game) => game.publish('said', { text: 'hello' }));
		expect(heard.value).toEqual([{ text: 'hello' }]);
	});

	it('tells once of a member that asks twice at the same time, and gives the last role', async () => {
		const { all, read, processes, told, on } = await scene(1);
		const { client } = await read(all[0], null);
		processes.faults.maxDelayMs = 5;
		const joins = ['player', 'watcher'].map((role) => client.call('m/join', role));
		await processes.advance(100);
		expect(await Promise.all(joins)).toEqual([true, true]);
		processes.faults.maxDelayMs = 0;
		expect(told).toEqual(['player joined g']);
		expect(await on(all[0], (game) => game.count('watcher'))).toBe(1);
	});

	it('counts by role, on all processes', async () => {
		const { all, read, on, ask } = await scene(2);
		const { client } = await read(all[0]);
		await read(all[1], 'watcher');
		const counts = async () => [
			await on(all[0], (game) => game.count('player')),
			await on(all[1], (game) => game.count())
		];
		expect(await counts()).toEqual([1, 2]);
		await ask(client, 'join', 'watcher');
		expect(await counts()).toEqual([0, 2]);
	});
});

describe('the places of a group', () => {
	it('are never given out twice, however many ask on however many processes at once', async () => {
		const { all, processes, on, told } = await scene(3, { maxMembers: 10 });
		processes.faults.maxDelayMs = 20;
		const clients = Array.from({ length: 30 }, (_, index) => all[index % 3]!.connect({ id: `u${index}` }));
		await processes.advance(100);
		const joins = clients.map((client) => client.call('m/join', 'player').catch(codeOf));
		await processes.advance(5_000);
		const outcomes = await Promise.all(joins);
		expect(outcomes.filter((outcome) => outcome === true)).toHaveLength(10);
		expect(outcomes.filter((outcome) => outcome === false)).toHaveLength(20);
		processes.faults.maxDelayMs = 0;
		expect(await on(all[0], (game) => game.count())).toBe(10);
		expect(told.filter((line) => line === 'no place for player')).toHaveLength(20);
	});

	it('are free again when somebody leaves, and for their own member never taken', async () => {
		const { all, processes, ask } = await scene(2, { maxMembers: 1 });
		const [one, two] = [all[0].connect({ id: 'a' }), all[1].connect({ id: 'b' })];
		await processes.advance(10);
		expect(await ask(one, 'join', 'player')).toBe(true);
		expect(await ask(one, 'join', 'watcher')).toBe(true);
		expect(await ask(two, 'join', 'player')).toBe(false);
		one.close();
		await processes.advance(10);
		expect(await ask(two, 'join', 'player')).toBe(true);
	});

	it.each([0, 1])(
		'are given back by somebody who is gone before the place was found, behind %d members',
		async (members) => {
			const { all, processes, ask, read, on } = await scene(1, { maxMembers: members + 1 });
			if (members > 0) await read(all[0]);
			const [one, two] = [all[0].connect({ id: 'a' }), all[0].connect({ id: 'b' })];
			await processes.advance(10);
			processes.faults.maxDelayMs = 200;
			one.call('m/join', 'player').catch(() => {});
			await processes.advance(150); // the store is asked
			one.disconnect();
			await processes.advance(2_000);
			processes.faults.maxDelayMs = 0;
			expect(await on(all[0], (game) => game.count())).toBe(members);
			expect(await ask(two, 'join', 'player')).toBe(true);
		}
	);

	it('of a process that was killed are free within ten seconds', async () => {
		const { all, read, processes, ask, on } = await scene(2, { maxMembers: 1 });
		await read(all[0]);
		await all[0].kill();
		const { client } = await read(all[1], null);
		expect(await ask(client, 'join', 'player')).toBe(false);
		await processes.advance(10_000);
		expect(await ask(client, 'join', 'player')).toBe(true);
		expect(await on(all[1], (game) => game.count())).toBe(1);
	});

	it('of a process that ends in order are free at once', async () => {
		const { all, read, ask } = await scene(2, { maxMembers: 1 });
		await read(all[0]);
		await all[0].stop();
		const { client } = await read(all[1], null);
		expect(await ask(client, 'join', 'player')).toBe(true);
	});
});

describe('a group that is joined by reading', () => {
	const joins = { role: () => 'player', maxMembers: 1 };

	it('lets in who reads it, and out who reads it no more', async () => {
		const { all, read, on, processes } = await scene(1, joins);
		const { stream, heard } = await read(all[0], null);
		await on(all[0], (game) => game.publish('said', { text: 'hello' }));
		expect(heard()).toEqual(['hello']);
		stream.close();
		await processes.advance(1_100);
		expect(await on(all[0], (game) => game.count())).toBe(0);
	});

	it.each(['one after the other', 'at once'])('keeps in who reads it twice, begun %s, and ends one', async (how) => {
		const { all, ask, on, processes, told } = await scene(1, joins);
		const client = all[0].connect({ id: 'x' });
		const first = client.subscribe('m/game', 'g');
		if (how === 'one after the other') await processes.advance(10);
		const second = client.subscribe('m/game', 'g', 'again');
		await processes.advance(10);
		first.close();
		await processes.advance(1_100);
		expect(await ask(client, 'has')).toBe(true);
		await on(all[0], (game) => game.publish('said', { text: 'hello' }));
		expect(second.value).toEqual([{ text: 'hello' }]);
		second.close();
		await processes.advance(1_100);
		expect(await ask(client, 'has')).toBe(false);
		expect(told).toEqual(['player joined g', 'player left g']);
	});

	it('keeps in who was joined by a handler, and reads no more', async () => {
		const { all, read, ask, processes } = await scene(1, joins);
		const { client, stream } = await read(all[0]);
		stream.close();
		await processes.advance(1_100);
		expect(await ask(client, 'has')).toBe(true);
	});

	it('refuses by the name of the limit who finds no place, and whom the author refuses', async () => {
		const { all, read, processes } = await scene(1, joins);
		await read(all[0], null);
		const { stream } = await read(all[0], null);
		await processes.advance(10_000); // it is tried again, since there may be a place later
		expect(stream.error).toMatchObject({ code: 'TOO_MANY', message: expect.stringContaining('"maxMembers" is 1') });
		const strict = await scene(1, { role: () => null });
		expect((await strict.read(strict.all[0], null)).stream.error?.code).toBe('FORBIDDEN');
	});
});

describe('the metadata of a group', () => {
	it('is what the definition says, then what was put, on every process, and shown to who reads it', async () => {
		const { all, on, processes } = await scene(2);
		const shown = all[1].connect({ id: 'x' }).subscribe('m/game/meta', 'g');
		await processes.advance(10);
		expect(shown.value).toEqual({ game: 'chess' });
		await on(all[0], (game) => game.setMeta({ game: 'go' }));
		expect(await on(all[1], (game) => game.getMeta())).toEqual({ game: 'go' });
		expect(shown.value).toEqual({ game: 'go' });
	});

	it('loses no change when several are made at once', async () => {
		const { all, on, processes } = await scene(3);
		processes.faults.maxDelayMs = 5;
		const add = (process: TestProcess) =>
			process.run(() => on(process, (game) => game.setMeta(({ game: was }) => ({ game: `${was}!` }))));
		const changes = all.map(add);
		await processes.advance(1_000);
		await Promise.all(changes);
		processes.faults.maxDelayMs = 0;
		expect(await on(all[0], (game) => game.getMeta())).toEqual({ game: 'chess!!!' });
	});
});

describe('a group that is closed', () => {
	it('has nobody in it after half a minute also where the others did not hear of it', async () => {
		const { all, read, on, ask, processes } = await scene(2);
		const { client } = await read(all[1]);
		processes.faults.lose = 1;
		await on(all[0], (game) => game.close());
		processes.faults.lose = 0;
		expect(await ask(client, 'has')).toBe(true);
		await processes.advance(31_000);
		expect(await ask(client, 'has')).toBe(false);
	});

	it('has nobody in it on any process, lets nobody in, and can be opened again', async () => {
		const { all, read, on, ask, told, processes } = await scene(2);
		const [one, two] = [await read(all[0]), await read(all[1])];
		const shown = one.client.subscribe('m/game/meta', 'g');
		await processes.advance(10);
		await on(all[0], (game) => game.close());
		expect([await ask(one.client, 'has'), await ask(two.client, 'has')]).toEqual([false, false]);
		expect(await ask(two.client, 'join', 'player')).toBe(false);
		expect(shown.value).toBeNull();
		expect(told).toContain('g closed');
		await on(all[1], (game) => game.open());
		expect(await ask(two.client, 'join', 'player')).toBe(true);
		expect(shown.value).toEqual({ game: 'chess' });
	});
});

it('a limit that lets nobody in is refused where it stands', () => {
	expect(() => group('g', { maxMembers: 0 })).toThrow(/"maxMembers"/);
});
