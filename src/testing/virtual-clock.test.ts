import { describe, expect, it } from 'vitest';
import { ClockView } from './clock-view.ts';
import { Random } from './random.ts';
import { VirtualClock } from './virtual-clock.ts';

/** A clock and what ran on it, each with the time at which it ran. */
function scene() {
	const clock = new VirtualClock({ wallTime: 1_000_000 });
	const ran: string[] = [];
	const log = (name: string) => (): void => void ran.push(`${name}@${clock.now()}`);
	return { clock, ran, log };
}

describe('a virtual clock', () => {
	it('runs timers in the order of their times, and those of one time in the order of their setting', async () => {
		const { clock, ran, log } = scene();
		for (const [name, delayMs] of Object.entries({ d: 30, b: 20, a: 10, c: 20, late: 31 }))
			clock.setTimer(log(name), delayMs);
		await clock.advance(30);
		expect(ran).toEqual(['a@10', 'b@20', 'c@20', 'd@30']);
		expect([clock.now(), clock.wallTime(), clock.pending]).toEqual([30, 1_000_030, 1]);
	});

	it('keeps the order of thousands of timers, many of them cancelled', async () => {
		const { clock } = scene();
		const random = new Random(3);
		const ran: number[] = [];
		const timers = Array.from({ length: 3_000 }, () => {
			const delayMs = random.below(500);
			return clock.setTimer(() => ran.push(delayMs), delayMs);
		});
		const cancelled = timers.filter(() => random.chance(0.7));
		for (const timer of cancelled) clock.clearTimer(timer);
		expect(clock.pending).toBe(3_000 - cancelled.length);
		await clock.advance(500);
		expect(ran).toHaveLength(3_000 - cancelled.length);
		expect(ran).toEqual(ran.toSorted((one, other) => one - other));
	});

	it('lets every promise settle between two callbacks', async () => {
		const { clock, ran, log } = scene();
		clock.setTimer(() => {
			let chain = Promise.resolve();
			for (let depth = 0; depth < 50; depth++) chain = chain.then(() => {});
			void chain.then(log('settled'));
		}, 5);
		clock.setTimer(log('next'), 5);
		await clock.advance(5);
		expect(ran).toEqual(['settled@5', 'next@5']);
	});

	it('runs what is deferred before any timer, without moving time', async () => {
		const { clock, ran, log } = scene();
		clock.setTimer(log('timer'), 0);
		clock.defer(log('deferred'));
		await clock.settle();
		expect(ran).toEqual(['deferred@0']);
		expect(await clock.runNext()).toBe(true);
		expect(await clock.runNext()).toBe(false);
		expect(ran).toEqual(['deferred@0', 'timer@0']);
	});

	it('rejects with what a callback throws', async () => {
		const { clock } = scene();
		clock.setTimer(() => {
			throw new Error('broken');
		}, 1);
		await expect(clock.advance(1)).rejects.toThrow('broken');
	});
});

describe("a participant's view of it", () => {
	it('has a skew of its own, and loses its timers at once', async () => {
		const { clock, ran, log } = scene();
		const view = new ClockView(clock, { wallMs: -500, originMs: 7 });
		expect([view.now(), view.wallTime()]).toEqual([7, 999_500]);
		view.setTimer(log('kept'), 1);
		view.clearTimer(view.setTimer(log('cleared'), 1));
		await clock.advance(1);
		view.setTimer(log('lost'), 1);
		view.defer(log('lost'));
		view.stop();
		view.setTimer(log('late'), 1);
		await clock.advance(10);
		expect(ran).toEqual(['kept@1']);
		expect([view.pending, clock.pending]).toEqual([0, 0]);
	});
});

describe('random numbers', () => {
	it('are the same for the same seed, and others for the next one', () => {
		const draw = (seed: number): number[] => {
			const random = new Random(seed);
			return Array.from({ length: 5 }, () => random.below(1_000_000));
		};
		expect(draw(1)).toEqual(draw(1));
		expect(new Set([...draw(1), ...draw(2), ...draw(3)]).size).toBe(15);
	});

	it('are spread evenly', () => {
		const random = new Random(9);
		const counts = [0, 0, 0, 0];
		for (let draw = 0; draw < 40_000; draw++) counts[random.below(4)]!++;
		for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(400);
	});
});
