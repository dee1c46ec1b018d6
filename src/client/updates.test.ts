import { describe, expect, test } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { Updates } from './updates.ts';

describe('updates', () => {
	test('are told once, after everything that belongs together', () => {
		const updates = new Updates({ clock: systemClock });
		const told: string[] = [];
		const tell = () => told.push('told');
		updates.run(() => {
			updates.afterwards(tell);
			updates.run(() => updates.afterwards(tell));
			told.push('done');
		});
		expect(told).toEqual(['done', 'told']);
	});

	test('are told at once where nothing else is going on, also by those who are told', () => {
		const updates = new Updates({ clock: systemClock });
		const told: string[] = [];
		updates.afterwards(() => {
			told.push('first');
			updates.afterwards(() => told.push('inner'));
			told.push('last');
		});
		expect(told).toEqual(['first', 'inner', 'last']);
	});

	test('are told although the work failed', () => {
		const updates = new Updates({ clock: systemClock });
		const told: string[] = [];
		const work = () => {
			updates.afterwards(() => told.push('told'));
			throw new Error('no');
		};
		expect(() => updates.run(work)).toThrow('no');
		expect(told).toEqual(['told']);
	});
});
