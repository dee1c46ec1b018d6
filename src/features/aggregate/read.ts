// Reads what an author has written of an aggregate, and refuses what cannot work where it stands.

import type { AggregatePlan, Computed, Reducer, Span, WindowOption } from './plan.ts';
import { WINDOW_FIELDS } from './view.ts';

const DEFAULT_STEPS = 12;
const MAX_STEPS = 1_000;

/** @throws {TypeError} where a field is neither reduced nor computed, or has a name that is taken */
export function readFields(
	fields: object,
	window: WindowOption | undefined
): Pick<AggregatePlan, 'reducers' | 'computed'> {
	const reducers = new Map<string, Reducer>();
	const computed = new Map<string, Computed>();
	for (const [name, field] of Object.entries(fields) as [string, Partial<Reducer & Computed>][]) {
		const isReduced = typeof field.init === 'function' && typeof field.reduce === 'function';
		if (isReduced === (typeof field.compute === 'function')) {
			throw new TypeError(`live.aggregate: the field "${name}" needs init and reduce, or else compute`);
		}
		if (window !== undefined && 'tumbling' in window && (WINDOW_FIELDS as readonly string[]).includes(name)) {
			throw new TypeError(`live.aggregate: a tumbling window has a field "${name}" of its own`);
		}
		if (isReduced) reducers.set(name, field as Reducer);
		else computed.set(name, field as Computed);
	}
	if (reducers.size === 0) throw new TypeError('live.aggregate takes at least one field with init and reduce');
	return { reducers, computed };
}

export function readSpan(window: WindowOption | undefined, load: unknown): Span {
	if (window === undefined) return { kind: 'all', windowMs: 0, stepMs: 0 };
	if (load !== undefined) throw new TypeError('live.aggregate: a window begins with nothing, so there is no "load"');
	if ('tumbling' in window) return { kind: 'tumbling', ...checked('tumbling', window.tumbling, 1) };
	return { kind: 'sliding', ...checked('sliding', window.sliding, window.steps ?? DEFAULT_STEPS) };
}

function checked(name: string, windowMs: number, steps: number): Pick<Span, 'windowMs' | 'stepMs'> {
	if (!(windowMs > 0)) throw new RangeError(`"${name}" must be a number of milliseconds above 0, not ${windowMs}`);
	if (!Number.isInteger(steps) || steps < 1 || steps > MAX_STEPS) {
		throw new RangeError(`"steps" must be a whole number from 1 to ${MAX_STEPS}, not ${steps}`);
	}
	return { windowMs, stepMs: windowMs / steps };
}
