import { describe, expect, it } from 'vitest';
import { MemoryStore } from '../../backplanes/memory/memory-store.ts';
import { LiveError } from '../../base/errors.ts';
import { Leases, type Lease } from '../../server/processes/leases.ts';
import type { SharedStore } from '../../server/shared-store.ts';
import { VirtualClock } from '../../testing/virtual-clock.ts';
import { FencedRecord, isTakenOver } from './fenced-record.ts';

const KEY = 'record';

function scene() {
	const clock = new VirtualClock();
	const store = new MemoryStore(clock);
	const leases = new Leases({ store, clock, holder: 'one' });
	/** The lease of a process that nobody has told yet that another one has it. */
	const lease = async (): Promise<Lease> => {
		const taken = await leases.acquire('lease');
		await store.remove('lease/lease');
		return taken!;
	};
	const claim = (held: Lease, over: SharedStore = store) =>
		FencedRecord.claim<number>({ store: over, clock, lease: held, key: KEY }, (former) => former ?? 0);
	return { clock, store, lease, claim };
}

/** A store whose first `puts` are carried out, or not, without an answer. */
function unanswered(store: MemoryStore, puts: number, isStored: boolean): SharedStore {
	let left = puts;
	return {
		get: (key) => store.get(key),
		put: (...given: Parameters<SharedStore['put']>) => {
			if (left-- <= 0) return store.put(...given);
			if (isStored) store.put(...given);
			throw new LiveError('UNAVAILABLE');
		}
	} as SharedStore;
}

describe('a fenced record', () => {
	it('hands its value on to whoever claims it next', async () => {
		const { lease, claim, store } = scene();
		await (await claim(await lease())).write(5);
		expect((await claim(await lease())).value).toBe(5);
		expect(await FencedRecord.peek(store, KEY)).toBe(5);
		expect(await FencedRecord.peek(store, 'other')).toBeNull();
	});

	it('takes nothing from whoever held it before', async () => {
		const { lease, claim, store } = scene();
		const old = await claim(await lease());
		await claim(await lease());
		await expect(old.write(1)).rejects.toSatisfy(isTakenOver);
		expect(await FencedRecord.peek(store, KEY)).toBe(0);
	});

	it('cannot be claimed with an older lease', async () => {
		const { lease, claim } = scene();
		const [old, young] = [await lease(), await lease()];
		await claim(young);
		await expect(claim(old)).rejects.toSatisfy(isTakenOver);
	});

	it('takes nothing when the lease has been lost', async () => {
		const { lease, claim, store } = scene();
		const held = await lease();
		const record = await claim(held);
		await held.release();
		await expect(record.write(1)).rejects.toThrow(/released/);
		expect(await FencedRecord.peek(store, KEY)).toBe(0);
	});

	it.each([true, false])(
		'is written until there is an answer; what was asked before was stored: %s',
		async (stored) => {
			const { lease, claim, store, clock } = scene();
			const held = await lease();
			const record = await claim(held, unanswered(store, 0, stored));
			const [first, other] = [await claim(held, unanswered(store, 0, stored)), unanswered(store, 2, stored)];
			expect(record.value).toBe(first.value);
			const writing = claim(held, other).then(async (last) => {
				await last.write(7);
				await last.write(8);
			});
			await clock.advance(1_000);
			await writing;
			expect(await FencedRecord.peek(store, KEY)).toBe(8);
		}
	);

	it('is given up when its store is away for longer than the lease lasts', async () => {
		const { lease, claim, store, clock } = scene();
		const held = await lease();
		const writing = claim(held, unanswered(store, 1_000, false));
		const failed = expect(writing).rejects.toThrow(/taken over|not renewed/);
		await clock.advance(10_000);
		await failed;
	});
});
