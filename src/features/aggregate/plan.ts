// What an aggregate consists of, with every default filled in.

import type { MaybePromise } from '../../base/maybe-promise.ts';
import type { TopicName } from '../../protocol/topic.ts';
import type { Topic } from '../../server/topic.ts';
import type { ServiceContext } from '../shared/context.ts';

/** Values by the name of their field. */
export type State = Record<string, unknown>;

export interface Reducer {
	init(): unknown;
	reduce(value: unknown, event: string, data: unknown): unknown;
}

export interface Computed {
	compute(state: State): unknown;
}

/** Nobody calls, and the value is for everybody: there is no user. */
export type AggregateContext = Pick<ServiceContext, 'path' | 'abortSignal'>;

/** Which windows an author asks for, in milliseconds. */
export type WindowOption = { readonly tumbling: number } | { readonly sliding: number; readonly steps?: number };

/** How time divides the events; the bounds of windows are the same in all processes. */
export interface Span {
	readonly kind: 'all' | 'tumbling' | 'sliding';
	/** How long a window is, in milliseconds; 0 where there is one for all time. */
	readonly windowMs: number;
	/** After how many milliseconds the value changes with time alone. */
	readonly stepMs: number;
}

export interface AggregatePlan {
	readonly reducers: ReadonlyMap<string, Reducer>;
	readonly computed: ReadonlyMap<string, Computed>;
	readonly span: Span;
	/** The least time between two values that are published, in milliseconds. */
	readonly throttle: number;
	readonly timeoutMs: number;
	readonly maxWaiting: number;
	/** What the fields begin with instead of their `init`; null where they all begin with it. */
	readonly load: ((context: AggregateContext) => MaybePromise<State>) | null;
	sources(): TopicName[];
	/** Where the values go. */
	topic(path: string): Topic;
}
