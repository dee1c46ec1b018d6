import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../testing/virtual-clock.ts';
import { Pacer } from './pacer.ts';

function start() {
	const clock = new VirtualClock();
	const log: string[] = [];
	const pacer = new Pacer(clock);
	const say = (text: string) => () => void log.push(`${clock.now()} ${text}`);
	return { clock, pacer, log, say };
}

describe('a throttle', () => {
	it('runs the first value at once, then at most one per interval, and the last one always', async () => {
		const { clock, pacer, log, say } = start();
		for (const value of ['a', 'b', 'c']) pacer.throttle('key', 100, say(value));
		await clock.advance(30);
		pacer.throttle('key', 100, say('d'));
		await clock.advance(100);
		pacer.throttle('key', 100, say('e'));
		await clock.advance(500);
		expect(log).toEqual(['0 a', '100 d', '200 e']);
	});

	it('begins anew after an interval of silence', async () => {
		const { clock, pacer, log, say } = start();
		pacer.throttle('key', 100, say('a'));
		await clock.advance(150);
		pacer.throttle('key', 100, say('b'));
		expect(log).toEqual(['0 a', '150 b']);
		await clock.advance(500);
		expect(clock.pending).toBe(0);
	});

	it('keeps a pace for each key', async () => {
		const { clock, pacer, log, say } = start();
		pacer.throttle('one', 100, say('1'));
		pacer.throttle('two', 100, say('2'));
		pacer.throttle('one', 100, say('1 again'));
		await clock.advance(100);
		expect(log).toEqual(['0 1', '0 2', '100 1 again']);
	});
});

describe('a debounce', () => {
	it('runs the last value after an interval of silence', async () => {
		const { clock, pacer, log, say } = start();
		pacer.debounce('key', 100, say('a'));
		await clock.advance(60);
		pacer.debounce('key', 100, say('b'));
		await clock.advance(99);
		expect(log).toEqual([]);
		await clock.advance(1);
		expect(log).toEqual(['160 b']);
		expect(clock.pending).toBe(0);
	});

	it('keeps a pace for each key, apart from the throttle of the same key', async () => {
		const { clock, pacer, log, say } = start();
		pacer.debounce('one', 100, say('1'));
		pacer.debounce('two', 50, say('2'));
		pacer.throttle('one', 100, say('throttled'));
		await clock.advance(100);
		expect(log).toEqual(['0 throttled', '50 2', '100 1']);
	});
});

describe('a flush', () => {
	it('runs everything that waits, at once and once', async () => {
		const { clock, pacer, log, say } = start();
		pacer.throttle('key', 100, say('first'));
		pacer.throttle('key', 100, say('last'));
		pacer.debounce('key', 100, say('quiet'));
		pacer.flush();
		expect(log).toEqual(['0 first', '0 last', '0 quiet']);
		await clock.advance(1_000);
		expect(log).toHaveLength(3);
		expect(clock.pending).toBe(0);
	});
});
