// Which windows are open at a time, and what events do to them. A window is named by its number: how many steps it begins
// after the epoch. With `tumbling` one is open, and the one before it is kept. With `sliding` one begins at every step and
// each takes every event of its length, so that the oldest one holds the last `windowMs`, less a step at most.

import type { ReadEvent } from '../shared/reader.ts';
import { fold, initialState, type FieldError, type Reducers } from './fold.ts';
import type { Span, State } from './plan.ts';

/** States by the number of their window, in ascending order. */
export type Windows = ReadonlyMap<number, State>;

/** The newest window at a time. */
export function newest({ kind, stepMs }: Span, nowMs: number): number {
	return kind === 'all' ? 0 : Math.floor(nowMs / stepMs);
}

/** How many windows are kept at a time. */
function kept({ kind, windowMs, stepMs }: Span): number {
	if (kind === 'all') return 1;
	return kind === 'tumbling' ? 2 : Math.round(windowMs / stepMs);
}

/** Closes what has ended and opens what has begun. Returns new windows with the same states. */
export function atTime(windows: Windows, span: Span, given: { reducers: Reducers; nowMs: number }): Windows {
	const last = newest(span, given.nowMs);
	const count = kept(span);
	const numbers = Array.from({ length: count }, (_, index) => last - count + 1 + index);
	return new Map(numbers.map((number) => [number, windows.get(number) ?? initialState(given.reducers)]));
}

export interface Taking {
	reducers: Reducers;
	events: readonly ReadEvent[];
	onError: (error: FieldError, event: ReadEvent) => void;
}

/** Changes every open window by events. A failure is told once, whatever the number of windows. */
export function take(windows: Windows, { kind }: Span, { reducers, events, onError }: Taking): void {
	const states = [...windows.values()];
	const open = kind === 'tumbling' ? states.slice(-1) : states;
	for (const [index, state] of open.entries()) {
		fold(reducers, state, { events, onError: index === 0 ? onError : () => {} });
	}
}

/** What readers see: the fields of the window that counts. */
export function currentOf(windows: Windows, { kind }: Span): State {
	const states = [...windows.values()];
	return (kind === 'sliding' ? states[0] : states.at(-1)) ?? {};
}
