import { describe, expect, it } from 'vitest';
import type { Position } from '../../protocol/position.ts';
import { encodeTopic } from '../../protocol/topic.ts';
import type { ReadResult } from '../../server/backplane.ts';
import { backplaneContract } from '../../testing/backplane-contract.ts';
import { storeContract } from '../../testing/store-contract.ts';
import { VirtualClock } from '../../testing/virtual-clock.ts';
import { ExpiringMap } from './expiring-map.ts';
import { MemoryStore } from './memory-store.ts';
import { memory } from './memory.ts';

const contract = backplaneContract({
	create: async () => memory({ events: 16 }),
	history: 16,
	dispose: async () => {}
});

describe('the contract of a backplane', () => {
	it.each(contract)('$title', async ({ run }) => {
		await expect(run()).resolves.toBeUndefined();
	});
});

describe('the contract of a shared store', () => {
	const clock = new VirtualClock();
	const stored = storeContract({
		create: async () => memory({}, new MemoryStore(clock)),
		pass: (ms) => clock.advance(ms),
		dispose: async () => {}
	});

	it.each(stored)('$title', async ({ run }) => {
		await expect(run()).resolves.toBeUndefined();
	});
});

describe('what ends by itself', () => {
	it('takes up no memory for long, though nobody asks for it again', async () => {
		const clock = new VirtualClock();
		const map = new ExpiringMap<number>(clock);
		for (let index = 0; index < 10_000; index++) {
			map.set(`key ${index}`, index, 10);
			await clock.advance(1);
		}
		expect(map.size).toBeLessThan(100);
	});

	it('stays where it does not end', async () => {
		const clock = new VirtualClock();
		const map = new ExpiringMap<number>(clock);
		for (let index = 0; index < 200; index++) map.set(`key ${index}`, index, null);
		await clock.advance(1e12);
		expect(map.entries()).toHaveLength(200);
	});
});

describe('the memory backplane', () => {
	const topic = encodeTopic('chat');

	it('keeps no more characters than its bound', () => {
		const log = memory({ characters: 100 });
		const start = log.head(topic);
		for (let index = 0; index < 10; index++) log.append(topic, `"created","${'x'.repeat(20)}"`);
		expect(log.read(topic, start as never)).toEqual({ kind: 'reset', reason: 'evicted' });
	});

	it('gives a topic that was forgotten and begun anew another epoch', () => {
		const log = memory({ idleTopics: 1, epoch: 'e' });
		const before = log.append(topic, '"a",1') as { epoch: string; offset: number };
		log.append(encodeTopic('other'), '"a",1');
		log.append(topic, '"b",2');
		expect(log.read(topic, before)).toEqual({ kind: 'reset', reason: 'epoch' });
	});

	it('never forgets a topic that somebody reads', () => {
		const log = memory({ idleTopics: 0 });
		const head = log.subscribe(topic) as { epoch: string; offset: number };
		for (let index = 0; index < 50; index++) log.append(encodeTopic(['idle', index]), '"a",1');
		log.append(topic, '"b",2');
		expect(log.read(topic, head)).toMatchObject({ kind: 'events', entries: [{ offset: 1 }] });
	});

	it('keeps no more characters for all topics that nobody reads, and forgets the longest unused first', () => {
		const log = memory({ idleCharacters: 1_000, epoch: 'e' });
		const names = Array.from({ length: 8 }, (_, index) => encodeTopic(['idle', index]));
		const heads = names.map((name) => log.append(name, `"created","${'x'.repeat(288)}"`) as Position);
		log.head(names[5]!);
		log.append(encodeTopic('one more'), `"created","${'x'.repeat(288)}"`);
		const isKept = names.map((name, index) => (log.read(name, heads[index]!) as ReadResult).kind === 'events');
		expect(isKept).toEqual([false, false, false, false, false, true, false, true]);
	});

	it('does not count the topics that somebody reads, until nobody does', () => {
		const log = memory({ idleCharacters: 100, epoch: 'e' });
		log.subscribe(topic);
		const head = log.append(topic, `"created","${'x'.repeat(200)}"`) as Position;
		log.append(encodeTopic('other'), '"created",1');
		expect(log.read(topic, head)).toMatchObject({ kind: 'events' });
		log.unsubscribe(topic);
		expect(log.read(topic, head)).toEqual({ kind: 'reset', reason: 'epoch' });
	});
});
