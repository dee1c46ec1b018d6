// What an effect consists of, with every default filled in.

import type { MaybePromise } from '../../base/maybe-promise.ts';
import type { ServiceContext } from '../shared/context.ts';
import type { Source } from '../shared/source.ts';

export interface EffectContext extends ServiceContext {
	/**
	 * The same whenever this event is handled again, and that of no other event: what must take effect once is stored under
	 * it, or is given it as the key of its request.
	 */
	readonly id: string;
	/** Where the event was published. */
	readonly topic: string;
	/** 1 for the first attempt of this process, then one more each. */
	readonly attempt: number;
}

export interface EffectOptions {
	/** How often an event is tried again whose handler threw, with growing pauses. Its topic waits for it. @default 0 */
	retries?: number;
	/** How long the handler may take for one event, in milliseconds. @default 30000 */
	timeoutMs?: number;
	/**
	 * Whether an event whose handler was interrupted, because its process was killed for example, is left out rather than
	 * handled again. @default false
	 */
	atMostOnce?: boolean;
	/** The most broadcasts of an ephemeral topic that wait for the handler; older ones are left out. @default 1000 */
	maxWaiting?: number;
}

export const EFFECT_DEFAULTS: Required<EffectOptions> = {
	retries: 0,
	timeoutMs: 30_000,
	atMostOnce: false,
	maxWaiting: 1_000
};

export interface EffectPlan extends Required<EffectOptions> {
	readonly sources: readonly Source[];
	readonly handler: (event: string, data: unknown, context: EffectContext) => MaybePromise<unknown>;
}
