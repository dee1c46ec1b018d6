// What features rely on in the shared store of every backplane, as tests against the real thing. Expiry is the store's
// own: where it counts real time, a test waits for it by looking.

import assert from 'node:assert/strict';
import type { Backplane } from '../server/backplane.ts';
import type { PutOptions, SharedStore } from '../server/shared-store.ts';
import type { ContractTest } from './transport-contract.ts';

export interface StoreHarness {
	/** A new backplane on an empty store, not started. */
	create: () => Promise<Backplane>;
	/** One more on the same store, not started; absent where a store is for one process. */
	join?: () => Promise<Backplane>;
	/** Lets this time pass for the store. */
	pass: (ms: number) => Promise<void>;
	/** Releases what the others made. */
	dispose: () => Promise<void>;
}

/** Long enough for a round trip on a busy machine, short enough to wait for. */
const TTL_MS = 400;
const LONG_MS = 60_000;

/** Puts where nothing may stand in the way. */
async function put(store: SharedStore, key: string, options: PutOptions & { value: string }): Promise<number> {
	const version = await store.put(key, options.value, options);
	assert.notEqual(version, null, `"${options.value}" was not put under "${key}"`);
	return version ?? 0;
}

type Run = (store: SharedStore, other: SharedStore) => Promise<void>;
type Define = (title: string, run: Run) => ContractTest;

export function storeContract(harness: StoreHarness): ContractTest[] {
	const test: Define = (title, run) => ({
		title,
		run: async () => {
			const one = await harness.create();
			const other = harness.join ? await harness.join() : one;
			try {
				await one.start(() => {});
				if (other !== one) await other.start(() => {});
				await run(one.store, other.store);
			} finally {
				if (other !== one) await other.stop();
				await one.stop();
				await harness.dispose();
			}
		}
	});
	return [
		...valueTests(test),
		...conditionTests(test),
		...expiryTests(test, harness.pass),
		...counterTests(test, harness.pass),
		...groupTests(test, harness.pass)
	];
}

function valueTests(test: Define): ContractTest[] {
	return [
		test('a value that one process puts is there for every process, to the letter', async (one, other) => {
			const value = 'é \u0000 \u2028 \ud83d\ude00 "quoted"\n' + 'x'.repeat(20_000);
			const version = await one.put('key: é/1 2*>.', value, { ttlMs: null });
			assert.deepEqual(await other.get('key: é/1 2*>.'), { value, version });
			assert.deepEqual(await one.get('key: é/1 2*>.'), { value, version });
		}),
		test('there is nothing under a key that was not put', async (one) => {
			assert.equal(await one.get('none'), null);
			assert.equal(await one.get('constructor'), null);
			assert.equal(await one.remove('none'), false);
			assert.equal(await one.touch('none', 1, LONG_MS), false);
		}),
		test('a value that was removed is gone', async (one, other) => {
			await one.put('key', 'a', { ttlMs: LONG_MS });
			assert.equal(await other.remove('key'), true);
			assert.equal(await one.get('key'), null);
			assert.equal(await one.remove('key'), false);
		}),
		test('versions grow with every value of a key, also across its removal', async (one, other) => {
			const versions: number[] = [];
			for (const store of [one, other, one, other, one]) {
				versions.push(await put(store, 'key', { value: 'a', ttlMs: LONG_MS }));
				versions.push(await put(store, 'key', { value: 'b', ttlMs: null }));
				await store.remove('key');
			}
			for (const [index, version] of versions.entries()) {
				assert.ok(Number.isSafeInteger(version) && version > (versions[index - 1] ?? 0), String(versions));
			}
		})
	];
}

function conditionTests(test: Define): ContractTest[] {
	return [
		test('a value is put only where the version asked for is there', async (one, other) => {
			const first = await put(one, 'key', { value: 'a', ttlMs: null, version: 0 });
			assert.equal(await other.put('key', 'b', { ttlMs: null, version: 0 }), null);
			const second = await put(other, 'key', { value: 'c', ttlMs: null, version: first });
			assert.equal(await one.put('key', 'd', { ttlMs: null, version: first }), null);
			assert.deepEqual(await one.get('key'), { value: 'c', version: second });
			assert.equal(await one.put('other', 'e', { ttlMs: null, version: second }), null);
			assert.equal(await one.get('other'), null);
		}),
		test('of many that put at once where there is nothing, one succeeds', async (one, other) => {
			const tryIt = async (store: SharedStore, index: number): Promise<number | null> =>
				store.put('key', `value ${index}`, { ttlMs: LONG_MS, version: 0 });
			const versions = await Promise.all(
				Array.from({ length: 40 }, (_, index) => tryIt(index % 2 ? one : other, index))
			);
			const winners = versions.flatMap((version, index) => (version === null ? [] : [{ version, index }]));
			assert.equal(winners.length, 1);
			const [{ version, index }] = winners as [{ version: number; index: number }];
			assert.deepEqual(await one.get('key'), { value: `value ${index}`, version });
		}),
		test('only the version asked for is removed', async (one, other) => {
			const first = await put(one, 'key', { value: 'a', ttlMs: null });
			const second = await put(one, 'key', { value: 'b', ttlMs: null });
			assert.equal(await other.remove('key', first), false);
			assert.equal((await one.get('key'))?.value, 'b');
			assert.equal(await other.remove('key', second), true);
			assert.equal(await one.get('key'), null);
		})
	];
}

function expiryTests(test: Define, pass: StoreHarness['pass']): ContractTest[] {
	return [
		test('a value is gone when its time is over, and its key is free', async (one, other) => {
			const first = await put(one, 'key', { value: 'a', ttlMs: TTL_MS, version: 0 });
			assert.equal((await other.get('key'))?.value, 'a');
			await pass(TTL_MS + 100);
			assert.equal(await other.get('key'), null);
			assert.equal(await one.touch('key', first, LONG_MS), false);
			assert.equal(await one.remove('key'), false);
			const second = await put(other, 'key', { value: 'b', ttlMs: LONG_MS, version: 0 });
			assert.ok(second > first, `${second} after ${first}`);
		}),
		test('a value that is touched lives on as the same version, one that is put anew gets its new time', async (one, other) => {
			const kept = await put(one, 'kept', { value: 'a', ttlMs: TTL_MS });
			await one.put('replaced', 'a', { ttlMs: TTL_MS });
			await one.put('shortened', 'a', { ttlMs: LONG_MS });
			assert.equal(await other.touch('kept', kept, LONG_MS), true);
			assert.equal(await other.touch('kept', kept + 1, 1), false);
			await other.put('replaced', 'b', { ttlMs: null });
			await other.put('shortened', 'b', { ttlMs: TTL_MS });
			await pass(TTL_MS + 100);
			assert.deepEqual(await one.get('kept'), { value: 'a', version: kept });
			assert.equal((await one.get('replaced'))?.value, 'b');
			assert.equal(await one.get('shortened'), null);
		})
	];
}

function counterTests(test: Define, pass: StoreHarness['pass']): ContractTest[] {
	return [
		test('counters begin with 0 and add up over processes', async (one, other) => {
			const add = { key: 'a', by: 2, ttlMs: LONG_MS };
			assert.deepEqual(await one.count([{ ...add, by: 0 }]), [0]);
			assert.deepEqual(await one.count([add, { ...add, key: 'b', by: 5 }]), [2, 5]);
			assert.deepEqual(
				await other.count([add, { ...add, key: 'b', by: -1 }, { ...add, key: 'c', by: 0 }]),
				[4, 4, 0]
			);
			assert.deepEqual(await one.count([add, add]), [6, 8]);
			assert.deepEqual(await one.count([]), []);
		}),
		test('nothing is lost of what is added at once', async (one, other) => {
			const add = [{ key: 'a', by: 1, ttlMs: LONG_MS }];
			const counts = await Promise.all(
				Array.from({ length: 60 }, async (_, index) => (index % 2 ? one : other).count(add))
			);
			const sorted = counts.flat().toSorted((a, b) => a - b);
			assert.deepEqual(
				sorted,
				Array.from({ length: 60 }, (_, index) => index + 1)
			);
		}),
		test('a counter ends a while after its first addition, whatever was added later', async (one) => {
			await one.count([{ key: 'a', by: 1, ttlMs: TTL_MS }]);
			await pass(TTL_MS / 2);
			await one.count([{ key: 'a', by: 1, ttlMs: LONG_MS }]);
			await pass(TTL_MS / 2 + 100);
			assert.deepEqual(await one.count([{ key: 'a', by: 1, ttlMs: LONG_MS }]), [1]);
		}),
		test('keys of values, counters and groups do not meet', async (one) => {
			await one.put('same', 'a', { ttlMs: null });
			await one.count([{ key: 'same', by: 3, ttlMs: LONG_MS }]);
			await one.enter('same', { member: 'ada', value: 'here' }, null);
			assert.equal((await one.get('same'))?.value, 'a');
			assert.deepEqual(await one.count([{ key: 'same', by: 0, ttlMs: LONG_MS }]), [3]);
			assert.deepEqual(await one.members('same'), [{ member: 'ada', value: 'here' }]);
		})
	];
}

const sorted = <Member extends { member: string }>(members: readonly Member[]): Member[] =>
	members.toSorted((one, other) => (one.member < other.member ? -1 : 1));

function groupTests(test: Define, pass: StoreHarness['pass']): ContractTest[] {
	return [
		test('every process sees who is in a group, with the last value of each', async (one, other) => {
			assert.deepEqual(await one.members('room'), []);
			await one.enter('room', { member: 'ada', value: '{"at":1}' }, null);
			await other.enter('room', { member: 'bob é', value: '{"at":2}' }, LONG_MS);
			await one.enter('room', { member: 'ada', value: '{"at":3}' }, null);
			await one.enter('another room', { member: 'cid', value: '' }, null);
			const expected = [
				{ member: 'ada', value: '{"at":3}' },
				{ member: 'bob é', value: '{"at":2}' }
			];
			assert.deepEqual(sorted(await one.members('room')), expected);
			assert.deepEqual(sorted(await other.members('room')), expected);
		}),
		test('who leaves is gone', async (one, other) => {
			await one.enter('room', { member: 'ada', value: '' }, null);
			await one.enter('room', { member: 'bob', value: '' }, null);
			assert.equal(await other.leave('room', 'ada'), true);
			assert.equal(await one.leave('room', 'ada'), false);
			assert.deepEqual(await one.members('room'), [{ member: 'bob', value: '' }]);
		}),
		test('a member is gone when the time is over that it was given last', async (one, other) => {
			await one.enter('room', { member: 'ada', value: '1' }, TTL_MS);
			await one.enter('room', { member: 'bob', value: '1' }, TTL_MS);
			await one.enter('room', { member: 'cid', value: '1' }, null);
			await one.enter('room', { member: 'dan', value: '1' }, null);
			await other.enter('room', { member: 'bob', value: '2' }, LONG_MS);
			await other.enter('room', { member: 'dan', value: '2' }, TTL_MS);
			await pass(TTL_MS + 100);
			assert.deepEqual(sorted(await other.members('room')), [
				{ member: 'bob', value: '2' },
				{ member: 'cid', value: '1' }
			]);
			assert.equal(await one.leave('room', 'ada'), false);
		})
	];
}
