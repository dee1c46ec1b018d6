import { describe, expect, it } from 'vitest';
import { encodeTopic } from '../../protocol/topic.ts';
import { backplaneContract } from '../../testing/backplane-contract.ts';
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
});
