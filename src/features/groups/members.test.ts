import { describe, expect, it } from 'vitest';
import { turns } from '../../../test/support/turns.ts';
import { MemoryStore } from '../../backplanes/memory/memory-store.ts';
import type { ServerParts } from '../../server/server-parts.ts';
import { VirtualClock } from '../../testing/virtual-clock.ts';
import { Members } from './members.ts';
import { Places } from './places.ts';

function scene() {
	const clock = new VirtualClock();
	const process = { roster: { id: 'p', isAlive: async () => true } };
	const store = new MemoryStore(clock);
	const parts = { clock, process, backplane: { store }, onError: () => {} };
	const listening: string[] = [];
	const places = new Places(parts as unknown as ServerParts, 'g'); // the parts that it looks at
	const members = new Members({
		parts: parts as unknown as ServerParts,
		places,
		maxMembers: 1,
		listen: async () => void listening.push('begins'),
		letGo: () => listening.push('ends'),
		record: async () => {}
	});
	return { clock, store, places, members, listening };
}

const ADA = { connection: 'ada', role: 'player', user: null };
const BOB = { connection: 'bob', role: 'player', user: null };

describe.each([0, 1, 2, 3, 4, 5])('%d turns after somebody was let in', (count) => {
	it('whoever leaves is counted no more, and nothing is listened for', async () => {
		const { clock, places, members, listening } = scene();
		await members.join(ADA, null);
		await turns(count);
		members.leave('ada');
		await clock.settle();
		expect(await places.count()).toBe(0);
		expect(listening.at(-1)).toBe('ends');
	});

	it('whoever asks for a place is answered', async () => {
		const { clock, members } = scene();
		await members.join(ADA, null);
		await turns(count);
		const answer = members.join(BOB, null);
		await clock.settle();
		expect(await answer).toBe('full');
	});
});

it('nobody is in it who was being let in while it was closed', async () => {
	const { clock, places, members } = scene();
	const [write, answer] = [places.write.bind(places), Promise.withResolvers<void>()];
	places.write = async (decide) => {
		const outcome = await write(decide);
		await answer.promise; // is on its way
		return outcome;
	};
	const joining = members.join(ADA, null);
	await clock.settle();
	await places.close();
	members.writeAgain();
	answer.resolve();
	await clock.settle();
	expect(await joining).toBe('joined');
	expect(members.all).toEqual([]);
});

it('whoever asks for a place when the server has ended is told', async () => {
	const { members } = scene();
	await members.stop();
	await expect(members.join(ADA, null)).rejects.toMatchObject({ code: 'GOING_AWAY' });
});

it('what the store has is not written again where it is looked at', async () => {
	const { clock, store, members } = scene();
	await members.join(ADA, null);
	const before = store.get('group/g');
	members.writeAgain();
	await clock.settle();
	expect(before?.value).toContain('player');
	expect(store.get('group/g')).toEqual(before);
});

it('nobody is in it who was in it before it was closed and opened again, unheard', async () => {
	const { clock, places, members } = scene();
	await members.join(ADA, null);
	await places.close();
	await places.open();
	members.writeAgain();
	await clock.settle();
	expect(members.all).toEqual([]);
	expect(await members.join(BOB, null)).toBe('joined');
	members.writeAgain();
	await clock.settle();
	expect(members.all).toEqual([BOB]);
	expect(await places.count()).toBe(1);
});

it('everybody stays in it where the store has forgotten that it was closed', async () => {
	const { clock, store, places, members } = scene();
	await places.close();
	await places.open();
	await members.join(ADA, null);
	store.remove('group/g');
	members.writeAllAgain();
	await clock.settle();
	expect(members.all).toEqual([ADA]);
	expect(await places.count()).toBe(1);
});

it('nothing runs when the server has ended', async () => {
	const { clock, members } = scene();
	await members.join(ADA, null);
	await clock.settle();
	expect(clock.pending).toBe(1);
	await members.stop();
	expect(clock.pending).toBe(0);
});
