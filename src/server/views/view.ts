// A view of a stream, as `pipe` describes it: what becomes of its rows before anything leaves the process.

import type { MaybePromise } from '../../base/maybe-promise.ts';
import type { MergeSpec } from '../../base/merge.ts';
import type { LiveContext } from '../context.ts';

interface Filter {
	readonly kind: 'filter';
	readonly keeps: (context: LiveContext, row: unknown) => unknown;
}

export interface Transform {
	readonly kind: 'transform';
	readonly shape: (context: LiveContext, row: unknown) => unknown;
}

export interface Join {
	readonly kind: 'join';
	/** The field that is looked up. */
	readonly field: string;
	/** The field that gets what was found. */
	readonly as: string;
	/** Looks several up at once, each once. What is not in the result is undefined. */
	readonly resolve: (ids: readonly unknown[], context: LiveContext) => MaybePromise<ReadonlyMap<unknown, unknown>>;
	/** How long what was found is used for other rows, in milliseconds. */
	readonly maxAgeMs: number;
}

export type Stage = Filter | Transform | Join;

/** Which of two rows comes first: a negative number for the first one. */
export type Compare = (one: unknown, other: unknown) => number;

export interface View {
	/** What becomes of a row before rows are sorted and counted. */
	readonly stages: readonly Stage[];
	/** Null where rows stay in the order of the stream. */
	readonly compare: Compare | null;
	/** The most rows that are shown; 0 for no bound. */
	readonly limit: number;
	/** What becomes of a row that is shown. */
	readonly finish: readonly Stage[];
	/** Names the receivers that see the same; null where their group follows from what the functions look at. */
	readonly by: ((context: LiveContext) => unknown) | null;
}

/** Shows all rows as they are. */
export const EVERYTHING: View = { stages: [], compare: null, limit: 0, finish: [], by: null };

/** Whether the kind holds rows by key, which may come and go. */
export function hasRows({ kind }: MergeSpec): boolean {
	return kind === 'crud' || kind === 'presence' || kind === 'cursor';
}

/** Whether the rows have to be known to tell what an event means: what does not shows each event by itself. */
export function needsRows(view: View, merge: MergeSpec): boolean {
	const isFiltered = view.stages.some(({ kind }) => kind === 'filter');
	return hasRows(merge) && (isFiltered || view.compare !== null || view.limit > 0);
}

/** How clients merge what such a view sends: the bound is the view's. */
export function mergeOfView(view: View | null, merge: MergeSpec): MergeSpec {
	return view !== null && needsRows(view, merge) ? { ...merge, max: 0 } : merge;
}
