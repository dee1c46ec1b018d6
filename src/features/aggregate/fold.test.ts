import { array, assert, nat, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ReadEvent } from '../shared/reader.ts';
import { fold, type FieldError } from './fold.ts';
import type { Reducer, State } from './plan.ts';

const eventOf = (data: unknown, index: number): ReadEvent =>
	({ topic: 't', event: 'created', data, position: null, id: String(index) }) as unknown as ReadEvent;

function run(reducers: Record<string, Reducer>, state: State, data: readonly unknown[]) {
	const errors: FieldError[] = [];
	fold(new Map(Object.entries(reducers)), state, {
		events: data.map(eventOf),
		onError: (error) => void errors.push(error)
	});
	return { state, errors };
}

/** Collects in the list that it is given, and throws for some numbers when it has changed it. */
const careless: Reducer = {
	init: () => [],
	reduce: (list, _event, data) => {
		(list as number[]).push(data as number);
		if ((data as number) % 3 === 0) throw new Error(`not ${data as number}`);
		return list;
	}
};

describe('a reducer that throws', () => {
	it('leaves its own field as it was, and the others go on', () => {
		const count: Reducer = { init: () => 0, reduce: (value) => (value as number) + 1 };
		const failing: Reducer = {
			init: () => 0,
			reduce: (value, _event, data) => {
				if (data === 2) throw new Error('no');
				return (value as number) + (data as number);
			}
		};
		const { state, errors } = run({ failing, count }, { failing: 0, count: 0 }, [1, 2, 3]);
		expect(state).toEqual({ failing: 4, count: 3 });
		expect(errors).toMatchObject([
			{ name: 'FieldError', field: 'failing', message: /"failing".*"created".*no/, cause: { message: 'no' } }
		]);
	});

	it('leaves it as it was also where it has changed it already', () => {
		assert(
			property(array(nat(9)), array(nat(9)), (before, data) => {
				const { state, errors } = run({ list: careless }, { list: [...before] }, data);
				expect(state['list']).toEqual([...before, ...data.filter((number) => number % 3 !== 0)]);
				expect(errors).toHaveLength(data.filter((number) => number % 3 === 0).length);
			})
		);
	});
});
