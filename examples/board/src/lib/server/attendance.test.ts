import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Attendance } from './attendance.ts';

const ada = { id: 'ada', name: 'Ada' };
const exit = { boardId: 'board', personId: 'ada', tab: 'tab-1' };
const gone = vi.fn();
let attendance: Attendance;

beforeEach(() => {
	vi.useFakeTimers();
	gone.mockReset();
	attendance = new Attendance();
});
afterEach(() => {
	vi.useRealTimers();
});

test('somebody with two tabs is there once, and gone when both are', () => {
	expect(attendance.enter('board', ada, 'tab-1')).toBe(true);
	expect(attendance.enter('board', ada, 'tab-2')).toBe(false);
	expect(attendance.of('board')).toEqual([ada]);
	attendance.exit(exit, gone);
	vi.advanceTimersByTime(60_000);
	expect(gone).not.toHaveBeenCalled();
	attendance.exit({ ...exit, tab: 'tab-2' }, gone);
	vi.advanceTimersByTime(60_000);
	expect(gone).toHaveBeenCalledOnce();
	expect(attendance.of('board')).toEqual([]);
});

test('somebody who reloads the page was never away', () => {
	attendance.enter('board', ada, 'tab-1');
	attendance.exit(exit, gone);
	vi.advanceTimersByTime(1000);
	expect(attendance.enter('board', ada, 'tab-2')).toBe(false);
	vi.advanceTimersByTime(60_000);
	expect(gone).not.toHaveBeenCalled();
});

test('a tab that leaves twice counts once', () => {
	attendance.enter('board', ada, 'tab-1');
	attendance.enter('board', ada, 'tab-2');
	attendance.exit(exit, gone);
	attendance.exit(exit, gone);
	vi.advanceTimersByTime(60_000);
	expect(gone).not.toHaveBeenCalled();
});
