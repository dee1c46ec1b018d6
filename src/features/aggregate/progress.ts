// What is stored of an aggregate: its windows together with how far each topic was read, so that whoever takes over goes on
// with neither of them ahead of the other.

import type { Position } from '../../protocol/position.ts';
import type { TopicName } from '../../protocol/topic.ts';
import { encodeValue } from '../../protocol/value.ts';
import { decodeText } from '../shared/row.ts';
import { FieldError, initialState } from './fold.ts';
import type { AggregatePlan, State } from './plan.ts';
import type { Windows } from './windows.ts';

export type Positions = Readonly<Record<TopicName, Position>>;

export interface Progress {
	positions: Positions;
	/** As `encodeValue` writes a list of numbers and states: a field may be anything that can be sent. */
	windows: string;
	/** How time is divided: with another division the windows are others. */
	span: string;
}

export const keyOf = (path: string): string => `aggregate ${path}`;

const spanText = ({ span }: AggregatePlan): string => `${span.kind} ${span.windowMs} ${span.stepMs}`;

/** @throws {TypeError} where a field is nothing that can be sent */
export function progressOf(plan: AggregatePlan, positions: Positions, windows: Windows): Progress {
	return { positions, windows: encodeValue([...windows]), span: spanText(plan) };
}

/** The windows that were stored; none where they were other ones. Fields that are new begin with `init`. */
export function windowsOf(plan: AggregatePlan, progress: Progress | null): Windows {
	if (progress === null || progress.span !== spanText(plan)) return new Map();
	const stored = decodeText(progress.windows) as [number, State][];
	return new Map(stored.map(([number, state]) => [number, initialState(plan.reducers, state)]));
}

/** Puts fields back that cannot be stored, as they were when they last could. */
export function restore(plan: AggregatePlan, windows: Windows, stored: Progress): FieldError[] {
	const former = windowsOf(plan, stored);
	const errors = new Map<string, FieldError>();
	for (const [number, state] of windows) {
		const before = former.get(number) ?? initialState(plan.reducers);
		for (const name of plan.reducers.keys()) {
			const cause = refusalOf(state[name]);
			if (cause === null) continue;
			state[name] = before[name];
			errors.set(name, new FieldError(name, 'became what cannot be stored', cause));
		}
	}
	return [...errors.values()];
}

function refusalOf(value: unknown): unknown {
	try {
		encodeValue(value);
		return null;
	} catch (error) {
		return error;
	}
}
