import { describe, expect, it } from 'vitest';
import { MissedEvents } from './missed-events.ts';

const entries = (...offsets: number[]) => ({
	kind: 'events' as const,
	epoch: 'e2',
	entries: offsets.map((offset) => ({ offset, body: '"n",0' }))
});

const start = (): MissedEvents =>
	new MissedEvents(
		{ epoch: 'e1', offset: 4 },
		({ epoch, offset }, events) => `first ${epoch}:${offset} ${events.join(' ')}`,
		({ epoch, offset }, events) => `next ${epoch}:${offset} ${events.join(' ')}`
	);

describe('what a client misses', () => {
	it('is one message where it fits, however often the log was read', () => {
		const missed = start();
		expect(missed.take(entries(5, 6), 100)).toBe(true);
		expect(missed.take(entries(7), 100)).toBe(true);
		expect(missed.position).toEqual({ epoch: 'e2', offset: 7 });
		expect(missed.message()).toBe('first e2:4 [5,"n",0] [6,"n",0] [7,"n",0]');
	});

	it('goes on behind what the message before has brought', () => {
		const missed = start();
		expect(missed.take(entries(5, 6, 7), 11)).toBe(false);
		expect([missed.isBegun, missed.message(), missed.isBegun]).toEqual([
			false,
			'first e2:4 [5,"n",0] [6,"n",0]',
			true
		]);
		expect(missed.take(entries(7), 11)).toBe(true);
		expect(missed.message()).toBe('next e2:6 [7,"n",0]');
	});

	it('is never less than one event, however long that is', () => {
		const missed = start();
		expect(missed.take(entries(5, 6), 1)).toBe(false);
		expect(missed.position.offset).toBe(5);
	});

	it('is a message without events where the client has them all', () => {
		expect(start().message()).toBe('first e1:4 ');
	});
});
