import { describe, expect, it } from 'vitest';
import { refusal } from '../../../test/support/refusal.ts';
import { MemoryStore } from '../../backplanes/memory/memory-store.ts';
import { LiveError } from '../../base/errors.ts';
import { VirtualClock } from '../../testing/virtual-clock.ts';
import type { SharedStore } from '../shared-store.ts';
import { Once, type OnceRequest } from './once.ts';

const REQUEST: OnceRequest = { key: 'ada/m/pay/1', print: '[5]', keepMs: 60_000, waitMs: 5_000 };

function start() {
	const clock = new VirtualClock();
	const store = new MemoryStore(clock);
	const living = new Set(['one', 'other']);
	const make = (id: string, own: SharedStore = store): Once =>
		new Once({ store: own, clock, roster: { id, isAlive: async (name) => living.has(name) } });
	let effects = 0;
	const pay = async (): Promise<unknown> => {
		const effect = ++effects;
		await new Promise<void>((resolve) => void clock.setTimer(resolve, 100));
		return { effect, at: new Date(0) };
	};
	return { clock, store, living, make, one: make('one'), other: make('other'), pay, effects: () => effects };
}

describe('what a key names', () => {
	it('runs once, and everybody gets the same answer: at the same time, later, on any process', async () => {
		const { clock, one, other, pay, effects } = start();
		const asked = Array.from({ length: 100 }, (_, index) => (index % 2 ? one : other).run(REQUEST, pay));
		await clock.advance(2_000);
		const later = [await one.run(REQUEST, pay), await other.run(REQUEST, pay)];
		for (const answer of [...(await Promise.all(asked)), ...later]) {
			expect(answer).toEqual({ effect: 1, at: new Date(0) });
		}
		expect(effects()).toBe(1);
		expect(clock.pending).toBe(0);
	});

	it('keeps no server that stops: who waits is told, and an answer that cannot be kept is given up', async () => {
		const { clock, store, one, make, pay } = start();
		void one.run(REQUEST, pay);
		await clock.advance(10);
		const third = make('third');
		const waiting = refusal(third.run(REQUEST, pay));
		await clock.advance(10);
		third.stop();
		expect(await waiting).toMatchObject({ code: 'UNAVAILABLE' });
		store.put = () => {
			throw new LiveError('UNAVAILABLE', 'the store is away');
		};
		await clock.advance(1_000);
		one.stop();
		await clock.advance(10_000);
		expect(clock.pending).toBe(0);
	});

	it('runs again when its time is over', async () => {
		const { clock, one, pay, effects } = start();
		void one.run(REQUEST, pay);
		await clock.advance(61_000);
		void one.run(REQUEST, pay);
		await clock.advance(1_000);
		expect(effects()).toBe(2);
	});

	it('is a conflict with other arguments, while it runs and afterwards', async () => {
		const { clock, one, other, pay, effects } = start();
		void one.run(REQUEST, pay);
		await clock.advance(50);
		for (const process of [one, other]) {
			await expect(process.run({ ...REQUEST, print: '[6]' }, pay)).rejects.toMatchObject({ code: 'CONFLICT' });
		}
		await clock.advance(1_000);
		await expect(other.run({ ...REQUEST, print: '[6]' }, pay)).rejects.toMatchObject({ code: 'CONFLICT' });
		expect(effects()).toBe(1);
	});

	it('gives a refusal to everybody, but may be tried again where that may help', async () => {
		const { clock, one, other, pay } = start();
		const refuse = (code: string) => async (): Promise<never> => {
			throw new LiveError(code, 'no', { data: { left: 1 } });
		};
		await expect(one.run(REQUEST, refuse('TOO_POOR'))).rejects.toMatchObject({ code: 'TOO_POOR' });
		await clock.advance(1);
		await expect(other.run(REQUEST, pay)).rejects.toMatchObject({
			code: 'TOO_POOR',
			details: { data: { left: 1 } }
		});
		const again = { ...REQUEST, key: 'again' };
		await expect(one.run(again, refuse('UNAVAILABLE'))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
		await clock.advance(1);
		const paid = other.run(again, pay);
		await clock.advance(1_000);
		await expect(paid).resolves.toMatchObject({ effect: 1 });
	});

	it('tells nothing of an accident but that there was one', async () => {
		const { clock, one, other, pay } = start();
		const fail = async (): Promise<never> => {
			throw new Error('the password is 1234');
		};
		await expect(one.run(REQUEST, fail)).rejects.toThrow('1234');
		await clock.advance(1);
		await expect(other.run(REQUEST, pay)).rejects.toMatchObject({ code: 'INTERNAL', message: 'INTERNAL' });
	});

	it('is not run again where the process that ran it was killed', async () => {
		const { clock, living, one, other, pay, effects } = start();
		void one.run(REQUEST, () => new Promise(() => {}));
		const waiting = refusal(other.run(REQUEST, pay));
		await clock.advance(1_000);
		living.delete('one');
		await clock.advance(1_000);
		expect(await waiting).toMatchObject({ code: 'CONFLICT' });
		expect(effects()).toBe(0);
	});

	it('is waited for no longer than asked', async () => {
		const { clock, one, other, pay } = start();
		void one.run(REQUEST, () => new Promise(() => {}));
		const late = refusal(other.run(REQUEST, pay));
		await clock.advance(6_000);
		expect(await late).toMatchObject({ code: 'TIMEOUT' });
	});
});

describe('a store that goes away', () => {
	/** Fails after this many more writes, with the write done or not. */
	function failing(store: SharedStore, plan: ('done' | 'not done' | 'well')[]): SharedStore {
		return Object.assign(Object.create(store) as SharedStore, {
			put: async (...args: Parameters<SharedStore['put']>) => {
				const next = plan.shift() ?? 'well';
				const version = next === 'not done' ? null : await store.put(...args);
				if (next === 'well') return version;
				throw new LiveError('UNAVAILABLE', 'the store is away');
			},
			get: (key: string) => store.get(key),
			remove: (key: string, version?: number) => store.remove(key, version)
		});
	}

	it.each(['done', 'not done'] as const)('before it runs (claim %s) leaves the key free', async (how) => {
		const { clock, store, make, other, pay, effects } = start();
		await expect(make('one', failing(store, [how])).run(REQUEST, pay)).rejects.toMatchObject({
			code: 'UNAVAILABLE'
		});
		expect(effects()).toBe(0);
		const retried = other.run(REQUEST, pay);
		await clock.advance(2_000);
		await expect(retried).resolves.toMatchObject({ effect: 1 });
	});

	it.each(['done', 'not done'] as const)('after it ran (answer %s) does not run it again', async (how) => {
		const { clock, store, make, other, pay, effects } = start();
		const one = make('one', failing(store, ['well', how, how, how]));
		const paid = one.run(REQUEST, pay);
		const waiting = other.run(REQUEST, pay);
		await clock.advance(3_000);
		expect(await Promise.all([paid, waiting])).toMatchObject([{ effect: 1 }, { effect: 1 }]);
		expect(effects()).toBe(1);
	});
});
