// `pipe`: a stream whose rows are filtered, sorted, limited, joined or projected on the server, in its first value, its
// events and all that is caught up.

import { assertNever } from '../../base/assert.ts';
import { makeStream, type LiveStream, type StreamLike } from '../../server/define-stream.ts';
import { definitionOf, type StreamDefinition } from '../../server/definition.ts';
import { EVERYTHING, hasRows, needsRows, type View } from '../../server/views/view.ts';
import { by, filter, join, joinMany, limit, sort, transform, type Operator } from './operators.ts';

type RowOf<Value> = Value extends readonly (infer Row)[] ? Row : Value;
type ValueOf<Value, Row> = Value extends readonly unknown[] ? Row[] : Row;

/** The events as a component shows them early: with rows as it gets them. */
type EventsOf<Events, Value, Row> = {
	[Name in keyof Events]: Events[Name] extends Value
		? ValueOf<Value, Row>
		: Events[Name] extends RowOf<Value>
			? Row
			: Events[Name];
};

type Piped<Args extends unknown[], Value, Events, Published, Row> = LiveStream<
	Args,
	ValueOf<Value, Row>,
	EventsOf<Events, Value, Row>,
	Published
>;

// One signature for each number of steps: the compiler infers what passes from one to the next.
function through<Args extends unknown[], Value, Events, Published, A>(
	stream: StreamLike<Args, Value, Events, Published>,
	a: Operator<RowOf<Value>, A>
): Piped<Args, Value, Events, Published, A>;
function through<Args extends unknown[], Value, Events, Published, A, B>(
	stream: StreamLike<Args, Value, Events, Published>,
	a: Operator<RowOf<Value>, A>,
	b: Operator<A, B>
): Piped<Args, Value, Events, Published, B>;
// oxlint-disable-next-line max-params -- steps
function through<Args extends unknown[], Value, Events, Published, A, B, C>(
	stream: StreamLike<Args, Value, Events, Published>,
	a: Operator<RowOf<Value>, A>,
	b: Operator<A, B>,
	c: Operator<B, C>
): Piped<Args, Value, Events, Published, C>;
// oxlint-disable-next-line max-params -- steps
function through<Args extends unknown[], Value, Events, Published, A, B, C, D>(
	stream: StreamLike<Args, Value, Events, Published>,
	a: Operator<RowOf<Value>, A>,
	b: Operator<A, B>,
	c: Operator<B, C>,
	d: Operator<C, D>
): Piped<Args, Value, Events, Published, D>;
// oxlint-disable-next-line max-params -- steps
function through<Args extends unknown[], Value, Events, Published, A, B, C, D, E>(
	stream: StreamLike<Args, Value, Events, Published>,
	a: Operator<RowOf<Value>, A>,
	b: Operator<A, B>,
	c: Operator<B, C>,
	d: Operator<C, D>,
	e: Operator<D, E>
): Piped<Args, Value, Events, Published, E>;
// oxlint-disable-next-line max-params -- steps
function through<Args extends unknown[], Value, Events, Published, A, B, C, D, E, F>(
	stream: StreamLike<Args, Value, Events, Published>,
	a: Operator<RowOf<Value>, A>,
	b: Operator<A, B>,
	c: Operator<B, C>,
	d: Operator<C, D>,
	e: Operator<D, E>,
	f: Operator<E, F>
): Piped<Args, Value, Events, Published, F>;
function through(stream: object, ...operators: Operator<never, unknown>[]): unknown {
	const definition = definitionOf(stream);
	if (definition?.kind !== 'stream') throw new TypeError('pipe takes a stream: live.stream or live.channel');
	const view = operators.reduce<View>((made, { step }) => extended(made, step), definition.view ?? EVERYTHING);
	assertFits(definition, view);
	return makeStream({ ...definition, view });
}

function extended(view: View, step: Operator<never, unknown>['step']): View {
	const isCounted = view.compare !== null || view.limit > 0;
	switch (step.kind) {
		case 'by':
			return { ...view, by: step.by };
		case 'sort':
			if (isCounted) throw new TypeError('pipe.sort comes once, and before pipe.limit');
			return { ...view, compare: step.compare };
		case 'limit':
			return { ...view, limit: view.limit === 0 ? step.count : Math.min(view.limit, step.count) };
		case 'stage':
			if (!isCounted) return { ...view, stages: [...view.stages, step.stage] };
			if (step.stage.kind !== 'filter') return { ...view, finish: [...view.finish, step.stage] };
			if (view.limit === 0 && view.finish.length === 0) return { ...view, stages: [...view.stages, step.stage] };
			throw new TypeError(
				'pipe.filter comes before pipe.limit: behind it, fewer rows than the limit would be left'
			);
		default:
			return assertNever(step);
	}
}

/** @throws {TypeError} where the kind of merge cannot be shown so */
function assertFits({ merge, load, ephemeral }: StreamDefinition, view: View): void {
	if (!hasRows(merge) && (view.compare !== null || view.limit > 0)) {
		throw new TypeError(
			`a stream with merge "${merge.kind}" cannot be sorted or limited by a pipe; use its option "max"`
		);
	}
	if (needsRows(view, merge) && load === null && !ephemeral) {
		throw new TypeError('a channel with a log has no rows to begin with: pipe a live.stream that loads them');
	}
}

export const pipe = Object.assign(through, { filter, sort, limit, join, joinMany, transform, by });
export type { Operator } from './operators.ts';
