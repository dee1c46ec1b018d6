import { beforeEach, describe, expect, test } from 'vitest';
import { VirtualClock } from '../testing/virtual-clock.ts';
import { OneTimeKeys } from './keys.ts';
import { KEY_LIMITS } from './limits.ts';
import type { Owner } from './owner.ts';
import { isSecret, randomSecret, sameSecret } from './secret.ts';

const ada: Owner = { kind: 'user', id: 'ada' };
const bob: Owner = { kind: 'user', id: 'bob' };

let clock: VirtualClock;
let keys: OneTimeKeys<string>;
beforeEach(() => {
	clock = new VirtualClock();
	keys = new OneTimeKeys({ ...KEY_LIMITS, keysPerSession: 2, maxKeys: 3 }, clock);
});

describe('a one-time key', () => {
	test('has 256 random bits, and leads to what it was made for until it is taken', () => {
		const key = keys.add({ owner: ada, target: 'chat' });
		expect(isSecret(key.split('.')[1] ?? '')).toBe(true);
		expect(keys.find(key)).toMatchObject({ owner: ada, target: 'chat' });
		expect(keys.take(key)).toBe(true);
		expect(keys.take(key)).toBe(false);
		expect(keys.find(key)).toBeUndefined();
		expect(clock.pending).toBe(0);
	});

	test('is worth nothing with another secret', () => {
		const key = keys.add({ owner: ada, target: 'chat' });
		const [name] = key.split('.');
		for (const wrong of [
			`${name}.${randomSecret()}`,
			`${name}.`,
			`${name}`,
			'',
			'.',
			`${key}x`,
			key.slice(0, -1)
		]) {
			expect(keys.find(wrong)).toBeUndefined();
			expect(keys.take(wrong)).toBe(false);
		}
		expect(keys.take(key)).toBe(true);
	});

	test('is freed when its time is over', async () => {
		const key = keys.add({ owner: ada, target: 'chat' });
		await clock.advance(119_999);
		expect(keys.find(key)).toBeDefined();
		await clock.advance(1);
		expect(keys.find(key)).toBeUndefined();
		expect(keys.size).toBe(0);
	});

	test('is refused where the session has too many, until one is used or too old', async () => {
		const first = keys.add({ owner: ada, target: '1' });
		await clock.advance(60_000);
		keys.add({ owner: ada, target: '2' });
		const another = () => keys.add({ owner: { ...ada }, target: '3' });
		expect(another).toThrow('the session has 2 addresses that nobody has used yet; the limit is "keysPerSession"');
		keys.take(first);
		another();
		expect(another).toThrow(expect.objectContaining({ code: 'TOO_MANY', retryAfterMs: 120_000 }) as Error);
		await clock.advance(120_000);
		another();
	});

	test('is refused where all sessions together have too many', () => {
		keys.add({ owner: ada, target: '1' });
		keys.add({ owner: ada, target: '2' });
		keys.add({ owner: bob, target: '3' });
		expect(() => keys.add({ owner: bob, target: '4' })).toThrow('there are 3 addresses');
		keys.clear();
		expect(clock.pending).toBe(0);
		keys.add({ owner: bob, target: '4' });
	});
});

test('secrets are compared as a whole', () => {
	const secret = randomSecret();
	expect(sameSecret(secret, `${secret.slice(0, -1)}${secret.endsWith('A') ? 'B' : 'A'}`)).toBe(false);
	expect(sameSecret(secret, secret.slice(0, -1))).toBe(false);
	expect(sameSecret(secret, secret.slice(0, 20) + secret.slice(20))).toBe(true);
});
