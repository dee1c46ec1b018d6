// Several streams as one value, in the browser alone: nothing of this reaches the wire.

import type { Readable } from './viewable.ts';

type ValuesOf<Sources extends unknown[]> = {
	[Index in keyof Sources]: Sources[Index] extends { readonly current: infer Value } ? Value : never;
};

/** The value of `combine`: reactive, and a store. */
export interface Combined<Result> {
	readonly current: Result;
	/** The contract of a Svelte store: `$combined` is `current`. */
	subscribe(run: (value: Result) => void): () => void;
}

/**
 * Computes one value from the current values of several streams. A stream that has no value yet counts as undefined.
 * The function runs again after a source has changed, not at every read; it is to be pure.
 */
export function combine<Sources extends Readable<unknown>[], Result>(
	...input: [...sources: Sources, compute: (...values: ValuesOf<Sources>) => Result]
): Combined<Result> {
	const compute = input.at(-1) as (...values: unknown[]) => Result;
	const sources = input.slice(0, -1) as Readable<unknown>[];
	const compose = remember(compute);
	return {
		get current() {
			return compose(sources.map((source) => source.current));
		},
		subscribe: (run) => subscribeAll(sources, (values) => run(compose(values)))
	};
}

/** Calls `compute` only when a value differs from last time. */
function remember<Result>(compute: (...values: unknown[]) => Result): (values: unknown[]) => Result {
	let last: { values: unknown[]; result: Result } | undefined;
	return (values) => {
		if (!last || values.some((value, index) => value !== last?.values[index])) {
			last = { values, result: compute(...values) };
		}
		return last.result;
	};
}

/** Calls `run` once when every source has told its value, then after each change of one. */
function subscribeAll(sources: Readable<unknown>[], run: (values: unknown[]) => void): () => void {
	const values: unknown[] = [];
	let complete = false;
	const stops = sources.map((source, index) =>
		source.subscribe((value) => {
			values[index] = value;
			if (complete) run([...values]);
		})
	);
	complete = true;
	run([...values]);
	return () => stops.forEach((stop) => stop());
}
