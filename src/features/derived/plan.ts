// What a derived stream consists of, with every default filled in.

import type { MaybePromise } from '../../base/maybe-promise.ts';
import type { TopicName, TopicParts } from '../../protocol/topic.ts';
import type { AnyOptions } from '../../server/define-stream.ts';
import type { Topic } from '../../server/topic.ts';
import type { ServiceContext } from '../shared/context.ts';

/** Nobody calls, and what is computed is for everybody: there is no user. */
export type DerivedContext = Pick<ServiceContext, 'path' | 'abortSignal'>;

export interface DerivedTimes {
	/** How long nothing must have come before it is computed anew, in milliseconds. @default 0 */
	debounce?: number;
	/** How long it is put off at most while events go on coming, in milliseconds. @default 10 times `debounce` */
	maxWait?: number;
	/** How long it may take to compute, in milliseconds. @default 30000 */
	timeoutMs?: number;
}

export const DERIVED_DEFAULTS = { debounce: 0, timeoutMs: 30_000 } as const satisfies DerivedTimes;

export interface DerivedPlan extends Required<DerivedTimes> {
	/** Whether the sources depend on arguments: then it is computed only while somebody reads it. */
	readonly dynamic: boolean;
	/** @throws what the author's function throws */
	sources(args: readonly unknown[]): TopicName[];
	/** Where the values go. */
	topic(path: string, args: readonly unknown[]): Topic;
	compute(context: DerivedContext, ...args: unknown[]): MaybePromise<unknown>;
}

/** What an author may say of the topic: its parts, also by the arguments. */
export type OutputTopic<Args extends unknown[]> = TopicParts | ((...args: Args) => TopicParts);

/** All that an author may say, without the types of arguments and values. */
export type AnyDerivedOptions = AnyOptions & DerivedTimes & { topic?: OutputTopic<never> };
