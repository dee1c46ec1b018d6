import { expect, it } from 'vitest';
import { encodeTopic } from '../../protocol/topic.ts';
import { Keys } from './keys.ts';
import { slotOf } from './slot.ts';

// From the specification of Redis Cluster, and from CLUSTER KEYSLOT of a server.
it.each([
	['123456789', 12_739],
	['foo', 12_182],
	['{foo}bar', 12_182],
	['foo{}{bar}', 8_363],
	['foo{{bar}}zap', 4_015],
	['foo{bar}{zap}', 5_061]
])('the key "%s" is in slot %i', (key, slot) => {
	expect(slotOf(key)).toBe(slot);
});

it('all keys of a topic are in one slot, whatever its name holds', () => {
	const keys = new Keys('tidewire');
	for (const name of ['}', '}x', 'a}b', '{', '{}', '{a}', 'é\u0000', 'a%7Db']) {
		const { meta, stream, channel } = keys.topic(encodeTopic(name));
		expect(slotOf(stream)).toBe(slotOf(channel));
		expect(slotOf(meta)).toBe(slotOf(channel));
	}
});

it('no two topics have the same keys', () => {
	const keys = new Keys('tidewire');
	const names = ['}', '%7D', '%', '%25', 'a}', 'a%7D'].map((name) => keys.topic(encodeTopic(name)).meta);
	expect(new Set(names).size).toBe(names.length);
});

it('what a value, a counter and a group need of a key is in the slot of its bucket', () => {
	const keys = new Keys('tidewire');
	for (const key of ['', '}', '{x}', 'lone \ud800', '\n']) {
		const slots = [keys.value(key), keys.version(key), keys.counter(key), ...keys.group(key)].map(slotOf);
		expect(new Set(slots).size).toBe(1);
	}
});
