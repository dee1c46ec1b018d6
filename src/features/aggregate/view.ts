// What readers of an aggregate see of its windows: the fields, what is computed of them, and with `tumbling` the bounds of
// the window and what became of the one before.

import { FieldError } from './fold.ts';
import type { AggregatePlan, State } from './plan.ts';
import { currentOf, type Windows } from './windows.ts';

/** Fields that a tumbling window has besides those of the author. */
export const WINDOW_FIELDS = ['window', 'previous'] as const;

type Report = (error: FieldError) => void;

/** @param onError told of fields that cannot be computed: they are undefined */
export function viewOf(plan: AggregatePlan, windows: Windows, onError: Report): State {
	const fields = withComputed(plan, currentOf(windows, plan.span), onError);
	if (plan.span.kind !== 'tumbling') return fields;
	const { windowMs } = plan.span;
	const [before, now] = [...windows.keys()] as [number, number];
	const window = { start: new Date(now * windowMs), end: new Date((now + 1) * windowMs) };
	return { ...fields, window, previous: withComputed(plan, windows.get(before) ?? {}, () => {}) };
}

function withComputed({ computed }: AggregatePlan, state: State, onError: Report): State {
	const all = { ...state };
	for (const [name, field] of computed) {
		try {
			all[name] = field.compute(all);
		} catch (cause) {
			all[name] = undefined;
			onError(new FieldError(name, 'could not be computed', cause));
		}
	}
	return all;
}
