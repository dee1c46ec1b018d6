import { describe, expect, it } from 'vitest';
import { refusal } from '../../../test/support/refusal.ts';
import { memory } from '../../backplanes/memory/memory.ts';
import { MemoryStore } from '../../backplanes/memory/memory-store.ts';
import { LiveError } from '../../base/errors.ts';
import { ClockView } from '../../testing/clock-view.ts';
import { FaultyCluster, NO_FAULTS } from '../../testing/faulty-cluster.ts';
import { Random } from '../../testing/random.ts';
import { VirtualClock } from '../../testing/virtual-clock.ts';
import type { SharedStore } from '../shared-store.ts';
import { Leases, type Lease } from './leases.ts';
import { Messenger } from './messenger.ts';
import { Roster } from './roster.ts';
import { systemTopic } from './system-topic.ts';

const fail = (error: unknown): never => {
	throw error;
};

type Unreliable = SharedStore & { away: boolean; silent: boolean };

/** A store that can be taken away, or fall silent. */
function unreliable(store: SharedStore): Unreliable {
	const state = { away: false, silent: false };
	return new Proxy(store, {
		get(target, name: keyof Unreliable) {
			if (name === 'away' || name === 'silent') return state[name];
			return (...args: unknown[]) => {
				if (state.away) throw new LiveError('UNAVAILABLE', 'the store is away');
				if (state.silent) return new Promise(() => {});
				return (target[name] as (...args: unknown[]) => unknown).apply(target, args);
			};
		},
		set(_, name: 'away' | 'silent', value: boolean) {
			state[name] = value;
			return true;
		}
	}) as Unreliable;
}

describe('the roster of processes', () => {
	async function start(count: number) {
		const clock = new VirtualClock();
		const store = new MemoryStore(clock);
		const stores = Array.from({ length: count }, () => unreliable(store));
		const rosters = stores.map(
			(own, index) => new Roster({ store: own, clock, id: `p${index}`, onError: () => {} })
		);
		for (const roster of rosters) await roster.start();
		const gone: string[] = [];
		const returned: string[] = [];
		for (const { id, listen } of rosters.map((roster) => ({ id: roster.id, listen: roster.listen.bind(roster) }))) {
			listen({ gone: (ids) => gone.push(`${id} misses ${ids.join()}`), returned: () => returned.push(id) });
		}
		return { clock, stores, rosters, gone, returned };
	}

	it('knows every process within one beat, and one that came since when it is asked for', async () => {
		const { clock, rosters } = await start(3);
		expect(rosters[0]!.living).toEqual(new Set(['p0']));
		expect(await rosters[0]!.isAlive('p2')).toBe(true);
		expect(await rosters[0]!.isAlive('p9')).toBe(false);
		await clock.advance(2_000);
		for (const { living } of rosters) expect(living).toEqual(new Set(['p0', 'p1', 'p2']));
	});

	it('misses a process that was killed within ten seconds, and one that left at its next beat', async () => {
		const { clock, stores, rosters, gone } = await start(3);
		await clock.advance(2_000);
		stores[2]!.away = true;
		await clock.advance(10_000);
		expect(gone.toSorted()).toEqual(['p0 misses p2', 'p1 misses p2']);
		await rosters[1]!.stop();
		await clock.advance(2_000);
		expect(gone).toContain('p0 misses p1');
	});

	it('keeps a process whose beats fail for less than its life', async () => {
		const { clock, stores, gone, returned } = await start(2);
		await clock.advance(2_000);
		stores[1]!.away = true;
		await clock.advance(3_000);
		stores[1]!.away = false;
		await clock.advance(20_000);
		expect(gone).toEqual([]);
		expect(returned).toEqual([]);
	});

	it('tells a process that was away that others may have given up what it held', async () => {
		const { clock, stores, rosters, returned } = await start(2);
		stores[1]!.away = true;
		await clock.advance(20_000);
		stores[1]!.away = false;
		await clock.advance(2_000);
		expect(returned).toEqual(['p1']);
		expect(rosters[1]!.living).toEqual(new Set(['p0', 'p1']));
	});

	it('goes on where a beat is never answered', async () => {
		const { clock, stores, rosters, returned } = await start(2);
		stores[1]!.silent = true;
		await clock.advance(10_000);
		stores[1]!.silent = false;
		await clock.advance(20_000);
		expect(returned).toEqual(['p1']);
		expect(rosters[0]!.living).toEqual(new Set(['p0', 'p1']));
	});

	it('is left for good by a process that enters itself just then', async () => {
		const clock = new VirtualClock();
		const store = new MemoryStore(clock);
		const slow = new Proxy(store, {
			get(target, name: keyof SharedStore) {
				return async (...args: unknown[]) => {
					await new Promise<void>((resolve) => void clock.setTimer(resolve, name === 'enter' ? 500 : 100));
					return (target[name] as (...args: unknown[]) => unknown).apply(target, args);
				};
			}
		});
		for (const afterMs of [2_050, 2_150]) {
			const roster = new Roster({ store: slow, clock, id: 'p0', onError: fail });
			const started = roster.start();
			await clock.advance(600);
			await started;
			await clock.advance(afterMs);
			const stopped = roster.stop();
			await clock.advance(1_000);
			await stopped;
			expect(store.members('processes')).toEqual([]);
		}
	});

	it('has no timer after it was stopped', async () => {
		const { clock, rosters } = await start(2);
		for (const roster of rosters) await roster.stop();
		await clock.advance(10_000);
		expect(clock.pending).toBe(0);
	});
});

describe('a lease', () => {
	function start() {
		const clock = new VirtualClock();
		const store = new MemoryStore(clock);
		const own = unreliable(store);
		const one = new Leases({ store: own, clock, holder: 'one' });
		const other = new Leases({ store, clock, holder: 'other' });
		return { clock, own, one, other };
	}
	const held = (lease: Lease | null): Lease => lease ?? expect.fail('nobody got it');

	it('knows that it is lost when its process stood still, before any timer has run', async () => {
		const clock = new VirtualClock();
		let stoodStillMs = 0;
		const own = Object.assign(new ClockView(clock), { now: () => clock.now() + stoodStillMs });
		const lease = await new Leases({ store: new MemoryStore(clock), clock: own, holder: 'one' }).acquire('cron');
		expect(lease?.held).toBe(true);
		stoodStillMs = 6_000;
		expect(lease?.held).toBe(false);
		expect(lease?.signal.aborted).toBe(true);
	});

	it('is held by one process as long as that lives', async () => {
		const { clock, one, other } = start();
		const lease = held(await one.acquire('cron'));
		for (let minute = 0; minute < 10; minute++) {
			await clock.advance(60_000);
			expect(await other.acquire('cron')).toBeNull();
		}
		expect(lease.signal.aborted).toBe(false);
		expect(await other.holderOf('cron')).toBe('one');
		await lease.release();
		expect(lease.signal.aborted).toBe(true);
		expect(await other.holderOf('cron')).toBeNull();
		expect(clock.pending).toBe(0);
	});

	it('goes to the next one when its holder is gone, with a greater token', async () => {
		const { clock, own, one, other } = start();
		const first = held(await one.acquire('cron', 3_000));
		own.away = true;
		await clock.advance(2_500);
		expect(await other.acquire('cron')).toBeNull();
		await clock.advance(2_500);
		const second = held(await other.acquire('cron'));
		expect(second.token).toBeGreaterThan(first.token);
	});

	it('is lost by its holder before anybody else can get it', async () => {
		const { clock, own, one, other } = start();
		const first = held(await one.acquire('cron', 3_000));
		await clock.advance(1_500);
		own.away = true;
		for (let second: Lease | null = null; second === null; second = await other.acquire('cron', 3_000)) {
			await clock.advance(10);
			if (first.signal.aborted) continue;
			expect(await other.holderOf('cron')).toBe('one');
		}
		expect(first.signal.aborted).toBe(true);
	});

	it('survives a store that was away for a moment', async () => {
		const { clock, own, one } = start();
		const lease = held(await one.acquire('cron', 3_000));
		await clock.advance(500);
		own.away = true;
		await clock.advance(1_000);
		own.away = false;
		await clock.advance(60_000);
		expect(lease.signal.aborted).toBe(false);
	});

	it('is lost at once where another process has taken it over', async () => {
		const { clock, own, one } = start();
		const lease = held(await one.acquire('cron', 3_000));
		await own.remove('lease/cron');
		await clock.advance(1_000);
		expect(lease.signal.aborted).toBe(true);
		expect(String(lease.signal.reason)).toContain('taken over');
	});
});

describe('the messenger', () => {
	async function start(count: number) {
		const clock = new VirtualClock({ deferred: 'at once' } as never);
		const cluster = new FaultyCluster({ clock, random: new Random(1), faults: { ...NO_FAULTS } });
		const messengers: Messenger[] = [];
		for (let index = 0; index < count; index++) {
			const backplane = cluster.member();
			const messenger = new Messenger({ backplane, clock, process: `p${index}`, onError: fail });
			await backplane.start((delivery) => void messenger.receive(delivery));
			messengers.push(messenger);
		}
		return { clock, messengers: messengers as [Messenger, Messenger, ...Messenger[]] };
	}

	it('brings a message to everybody who listens, on every process, and to nobody else', async () => {
		const { clock, messengers } = await start(3);
		const heard: unknown[] = [];
		for (const [index, messenger] of messengers.entries()) {
			await messenger.listen(['user', 'ada'], (data) => heard.push([index, data]));
			await messenger.listen(['user', 'bob'], () => heard.push('bob'));
		}
		await messengers[0].send(['user', 'ada'], new Date(0));
		await clock.advance(10);
		expect(heard).toEqual([0, 1, 2].map((index) => [index, new Date(0)]));
	});

	it('brings nothing any more to whoever has stopped listening', async () => {
		const { clock, messengers } = await start(2);
		const heard: unknown[] = [];
		const leave = await messengers[1].listen(['user', 'ada'], (data) => heard.push(data));
		leave();
		leave();
		await messengers[0].send(['user', 'ada'], 1);
		await clock.advance(10);
		expect(heard).toEqual([]);
	});

	it('brings the answer of another process to whoever asked', async () => {
		const { clock, messengers } = await start(2);
		await messengers[1].listen(['connection', 'c1'], async (data) => ({ asked: data }));
		const answer = messengers[0].request(['connection', 'c1'], { map: new Map([[1, 2]]) }, 1_000);
		await clock.advance(10);
		expect(await answer).toEqual({ asked: { map: new Map([[1, 2]]) } });
		expect(clock.pending).toBe(0);
	});

	it('brings a refusal as it was meant, and an accident without detail', async () => {
		const { clock, messengers } = await start(2);
		await messengers[1].listen(['process', 'p1'], () => {
			throw new LiveError('FORBIDDEN', 'not you');
		});
		const refused = refusal(messengers[0].request(['process', 'p1'], 1, 1_000));
		await clock.advance(10);
		expect(await refused).toMatchObject({ code: 'FORBIDDEN', message: 'not you' });
	});

	it('says so where nobody answers in time, and when the process stops', async () => {
		const { clock, messengers } = await start(1);
		const late = refusal(messengers[0].request(['user', 'nobody'], 1, 1_000));
		await clock.advance(1_000);
		expect(await late).toMatchObject({
			code: 'TIMEOUT',
			message: 'no answer came from user nobody within 1000 ms'
		});
		const ended = refusal(messengers[0].request(['user', 'nobody'], 1, 1_000));
		messengers[0].stop();
		expect(await ended).toMatchObject({
			code: 'UNAVAILABLE'
		});
		expect(clock.pending).toBe(0);
	});

	it('takes no delivery of an application for a message', async () => {
		const { messengers } = await start(1);
		const delivery = { epoch: '', offset: 0, body: '"created",1', conflationKey: null };
		expect(messengers[0].receive({ ...delivery, topic: 'to/user/ada' as never })).toBe(false);
		expect(systemTopic('to', 'user', 'a/b%')).toBe('%to/user/a%2Fb%25');
	});

	it('works within one process', async () => {
		const clock = new VirtualClock();
		const backplane = memory();
		const messenger = new Messenger({ backplane, clock, process: 'p', onError: fail });
		await backplane.start((delivery) => void messenger.receive(delivery));
		await messenger.listen(['user', 'ada'], (data) => data);
		expect(await messenger.request(['user', 'ada'], 'hello', 1_000)).toBe('hello');
	});
});
