// What a stream is piped through, one step after another: `pipe.filter`, `pipe.sort` and so on.

import type { MaybePromise } from '../../base/maybe-promise.ts';
import type { LiveContext } from '../../server/context.ts';
import { compareBy } from '../../server/views/compare.ts';
import type { Compare, Stage } from '../../server/views/view.ts';

declare const shape: unique symbol;

/** One step of a pipe: what becomes of the rows of type `In`. */
export interface Operator<In, Out> {
	readonly step:
		| { readonly kind: 'stage'; readonly stage: Stage }
		| { readonly kind: 'sort'; readonly compare: Compare }
		| { readonly kind: 'limit'; readonly count: number }
		| { readonly kind: 'by'; readonly by: (context: LiveContext) => unknown };
	/** Only for the compiler. */
	readonly [shape]?: (row: In) => Out;
}

/**
 * Lets through the rows for which `keeps` returns true: in the first value, in events, and in what is caught up. A row that
 * starts to match enters, one that does not any more leaves. It may look at the caller, and must look at nothing that changes
 * by itself. A row for which it throws is left out, and the error reported.
 */
export function filter<Row>(keeps: (context: LiveContext, row: Row) => boolean): Operator<Row, Row> {
	return stage({ kind: 'filter', keeps: keeps as (context: LiveContext, row: unknown) => boolean });
}

/** Projects rows before anything leaves the process. The key stays. Must not change the row that it is given. */
export function transform<Row, Out>(project: (context: LiveContext, row: Row) => Out): Operator<Row, Out> {
	return stage({ kind: 'transform', shape: project as (context: LiveContext, row: unknown) => unknown });
}

/** By a field (texts by UTF-16 code units), or by a function as for `Array.sort`. Rows that are equal stay as they came. */
export function sort<Row>(by: Field<Row>, direction?: 'asc' | 'desc'): Operator<Row, Row>;
export function sort<Row>(by: (one: Row, other: Row) => number): Operator<Row, Row>;
export function sort<Row>(by: string | ((one: Row, other: Row) => number), direction = 'asc'): Operator<Row, Row> {
	const compare = typeof by === 'string' ? compareBy(by, direction === 'desc') : (by as Compare);
	return { step: { kind: 'sort', compare } };
}

/** The first rows. Where one of them goes, the next one comes. */
export function limit<Row>(count: number): Operator<Row, Row> {
	if (!Number.isSafeInteger(count) || count < 1)
		throw new TypeError(`pipe.limit takes a whole number from 1, not ${count}`);
	return { step: { kind: 'limit', count } };
}

export interface JoinOptions {
	/** How long what was found is used for other rows, in milliseconds. @default as long as the view is read */
	maxAgeMs?: number;
}

/**
 * Adds the field `as`: what `resolve` finds for the field `field`. Each id is asked for once; events keep their order
 * meanwhile. Where it fails, the error is reported and the row goes on with undefined.
 */
// oxlint-disable-next-line max-params -- what an author writes
export function join<Row, const Name extends string, Found>(
	field: Field<Row>,
	resolve: (id: never, context: LiveContext) => MaybePromise<Found>,
	as: Name,
	options?: JoinOptions
): Operator<Row, Joined<Row, Name, Found>> {
	const one = resolve as (id: unknown, context: LiveContext) => MaybePromise<unknown>;
	const all = async (ids: readonly unknown[], context: LiveContext) =>
		new Map(await Promise.all(ids.map(async (id) => [id, await one(id, context)] as const)));
	return joining(all, { ...options, field, as });
}

/** The same, with all ids of a pass at once; what is not in the map is undefined. */
// oxlint-disable-next-line max-params -- what an author writes
export function joinMany<Row, const Name extends string, Found>(
	field: Field<Row>,
	resolve: (ids: never[], context: LiveContext) => MaybePromise<ReadonlyMap<unknown, Found>>,
	as: Name,
	options?: JoinOptions
): Operator<Row, Joined<Row, Name, Found>> {
	return joining(resolve as unknown as ResolveMany, { ...options, field, as });
}

/** Names the receivers that see the same, for filters that look at the caller: `pipe.by((ctx) => ctx.user.role)`. */
export function by<Row>(name: (context: LiveContext) => unknown): Operator<Row, Row> {
	return { step: { kind: 'by', by: name } };
}

/** A field of the rows, by name. */
type Field<Row> = keyof NoInfer<Row> & string;
type Joined<Row, Name extends string, Found> = Omit<Row, Name> & Record<Name, Found | undefined>;
type ResolveMany = (ids: readonly unknown[], context: LiveContext) => MaybePromise<ReadonlyMap<unknown, unknown>>;

interface Joining extends JoinOptions {
	readonly field: string;
	readonly as: string;
}

function joining(resolve: ResolveMany, { field, as, maxAgeMs = Infinity }: Joining): Step {
	return stage({ kind: 'join', field, as, resolve, maxAgeMs });
}

/** What an operator is while it runs: the rows are the compiler's alone. */
type Step = Pick<Operator<unknown, unknown>, 'step'>;

function stage(made: Stage): Step {
	return { step: { kind: 'stage', stage: made } };
}
