// Reduces events into the fields of a state. Invariant: a reducer that throws leaves its field as it was, also where it has
// changed the object that it was given, and has no influence on the other fields.

import { encodeValue } from '../../protocol/value.ts';
import type { ReadEvent } from '../shared/reader.ts';
import { decodeText } from '../shared/row.ts';
import type { Reducer, State } from './plan.ts';

/** A field could not take an event, or could not be computed. */
export class FieldError extends Error {
	override readonly name = 'FieldError';
	readonly field: string;

	constructor(field: string, what: string, cause: unknown) {
		super(`the field "${field}" ${what}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
		this.field = field;
	}
}

export type Reducers = ReadonlyMap<string, Reducer>;

/** What the fields begin with. `given` takes the place of some. */
export function initialState(reducers: Reducers, given: State = {}): State {
	return Object.fromEntries(
		[...reducers].map(([name, field]) => [name, Object.hasOwn(given, name) ? given[name] : field.init()])
	);
}

/** Changes `state` by events, in order. */
export function fold(
	reducers: Reducers,
	state: State,
	{ events, onError }: { events: readonly ReadEvent[]; onError: (error: FieldError, event: ReadEvent) => void }
): void {
	for (const [name, reducer] of reducers) {
		state[name] = foldField({ name, reducer, onError }, state[name], events);
	}
}

interface Field {
	name: string;
	reducer: Reducer;
	onError: (error: FieldError, event: ReadEvent) => void;
}

function foldField(field: Field, before: unknown, events: readonly ReadEvent[]): unknown {
	// What a failed reducer has done to an object can only be undone from a copy.
	const copy = isMutable(before) ? encodeValue(before) : null;
	const taken: ReadEvent[] = [];
	let value = before;
	for (const event of events) {
		try {
			value = field.reducer.reduce(value, event.event, event.data);
			taken.push(event);
		} catch (cause) {
			field.onError(new FieldError(field.name, `could not take "${event.event}" (${event.id})`, cause), event);
			if (copy !== null) value = replay(field.reducer, copy, taken);
		}
	}
	return value;
}

function replay(reducer: Reducer, copy: string, taken: readonly ReadEvent[]): unknown {
	return taken.reduce((value, { event, data }) => reducer.reduce(value, event, data), decodeText(copy));
}

const isMutable = (value: unknown): boolean => typeof value === 'object' && value !== null;
