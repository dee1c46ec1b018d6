import { describe, expect, it } from 'vitest';
import { Schedule } from './schedule.ts';

const next = (pattern: string, from: string, zone = 'UTC'): string =>
	new Date(new Schedule(pattern, zone).after(Date.parse(from))).toISOString();

describe('a schedule', () => {
	it.each([
		['*/5 * * * *', '2030-01-01T00:00:00Z', '2030-01-01T00:05:00.000Z'],
		['0 9-17 * * 1-5', '2030-01-04T17:00:00Z', '2030-01-07T09:00:00.000Z'],
		['0,15,30 8 1 * *', '2030-01-01T08:15:00Z', '2030-01-01T08:30:00.000Z'],
		['*/10 * * * * *', '2030-01-01T00:00:00.500Z', '2030-01-01T00:00:10.000Z'],
		['0 0 29 2 *', '2030-01-01T00:00:00Z', '2032-02-29T00:00:00.000Z']
	])('%s comes behind %s at %s', (pattern, from, to) => {
		expect(next(pattern, from)).toBe(to);
	});

	it('is in its time zone, also when the clocks change', () => {
		const berlin = (from: string): string => next('30 2 * * *', from, 'Europe/Berlin');
		expect(berlin('2030-03-29T12:00:00Z')).toBe('2030-03-30T01:30:00.000Z');
		expect(berlin('2030-03-30T12:00:00Z')).toBe('2030-03-31T01:00:00.000Z'); // 2:30 is left out that night
		expect(berlin('2030-03-31T12:00:00Z')).toBe('2030-04-01T00:30:00.000Z');
		expect(berlin('2030-10-26T12:00:00Z')).toBe('2030-10-27T00:30:00.000Z'); // 2:30 comes twice, and counts once
		expect(berlin('2030-10-27T00:30:00Z')).toBe('2030-10-28T01:30:00.000Z');
	});

	it('names every time of a span once', () => {
		const times = new Schedule('*/20 * * * *', 'UTC').between(Date.UTC(2030, 0, 1), Date.UTC(2030, 0, 1, 1));
		expect(times.map((ms) => new Date(ms).toISOString().slice(11, 16))).toEqual(['00:20', '00:40', '01:00']);
	});

	it.each([
		['', 'UTC'],
		['* * * *', 'UTC'],
		['61 * * * *', 'UTC'],
		['0 0 30 2 *', 'UTC'],
		['0 0 0 0 0 0 2030', 'UTC'],
		['* * * * *', 'Mars/Olympus']
	])('"%s" in %s is refused', (pattern, zone) => {
		expect(() => new Schedule(pattern, zone)).toThrow(/^the schedule ".*" is wrong: /);
	});
});
