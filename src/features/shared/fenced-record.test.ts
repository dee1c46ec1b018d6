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
		store.remove('lease/lease');
		return taken!;
	};
	const claim = (held: Lease, over: SharedStore = store) =>
		FencedRecord.claim<number>({ store: over, clock, lease: held, key: KEY }, (former) => former ?? 0);
	return { clock, store, lease, claim };
}

/** A store of which the next `puts` are carried out, or not, without an answer. */
function unanswered(store: MemoryStore, isStored: boolean) {
	const state = { puts: 0 };
	const put = (...given: Parameters<SharedStore['put']>) => {
		if (state.puts-- <= 0) return store.put(...given);
		if (isStored) store.put(...given);
		throw new LiveError('UNAVAILABLE');
	};
	return { state, over: { get: (key: string) => store.get(key), put } as SharedStore };
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
			const { state, over } = unanswered(store, stored);
			const record = await claim(await lease(), over);
			state.puts = 2;
			const writing = record.write(7);
			await clock.advance(1_000);
			await writing;
			await record.write(8);
			expect(await FencedRecord.peek(store, KEY)).toBe(8);
		}
	);

	it('is given up when its store is away for longer than the lease lasts', async () => {
		const { lease, claim, store, clock } = scene();
		const { state, over } = unanswered(store, false);
		const record = await claim(await lease(), over);
		state.puts = 1_000;
		const outcome = record.write(1).catch(String);
		await clock.advance(10_000);
		expect(await outcome).toMatch(/taken over|not renewed/);
	});
});
