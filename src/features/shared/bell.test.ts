import { expect, it } from 'vitest';
import { VirtualClock } from '../../testing/virtual-clock.ts';
import { Bell } from './bell.ts';

it('wakes who waits, whoever waits next, and after a time', async () => {
	const clock = new VirtualClock();
	const bell = new Bell(clock);
	const waiting = bell.wait(1_000);
	bell.ring();
	await expect(waiting).resolves.toBe(true);
	bell.ring();
	bell.ring();
	await expect(bell.wait()).resolves.toBe(true);
	const late = bell.wait(1_000);
	await clock.advance(1_000);
	await expect(late).resolves.toBe(false);
	expect(clock.pending).toBe(0);
});
