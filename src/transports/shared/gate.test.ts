import { expect, test } from 'vitest';
import { VirtualClock } from '../../testing/virtual-clock.ts';
import { authorizeInTime } from './gate.ts';

const AUTHORIZED = { session: { user: 'ada' } };

test('an application that answers at once is not timed', async () => {
	const clock = new VirtualClock();
	const answer = authorizeInTime(() => AUTHORIZED, { clock, authorizeTimeoutMs: 100 });
	expect(clock.pending).toBe(0);
	expect(await answer).toBe(AUTHORIZED);
});

test('one that answers in time leaves no timer behind', async () => {
	const clock = new VirtualClock();
	const answer = authorizeInTime(async () => AUTHORIZED, { clock, authorizeTimeoutMs: 100 });
	expect(clock.pending).toBe(1);
	expect(await answer).toBe(AUTHORIZED);
	expect(clock.pending).toBe(0);
});

test('one that takes too long refuses with 503', async () => {
	const clock = new VirtualClock();
	const answer = authorizeInTime(() => new Promise<never>(() => {}), { clock, authorizeTimeoutMs: 100 });
	await clock.advance(100);
	expect(await answer).toMatchObject({ status: 503 });
});

test.each([
	[
		'throws',
		() => {
			throw new Error('secret');
		}
	],
	['rejects', () => Promise.reject(new Error('secret'))]
])('one that %s refuses with 500 and no detail', async (_, authorize) => {
	const clock = new VirtualClock();
	const refusal = { status: 500, reason: 'Authorization failed.' };
	expect(await authorizeInTime(authorize, { clock, authorizeTimeoutMs: 100 })).toEqual(refusal);
	expect(clock.pending).toBe(0);
});
