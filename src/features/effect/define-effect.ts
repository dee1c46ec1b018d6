// `live.effect`: what happens on the server when something was published.

import { checkPositive, defined } from '../../base/options.ts';
import type { MaybePromise } from '../../base/maybe-promise.ts';
import { define } from '../../server/definition.ts';
import {
	checkSources,
	type EventData,
	type EventName,
	type EventsOfSource,
	type NamedSource,
	type Source
} from '../shared/source.ts';
import { EffectService } from './effect-service.ts';
import { EFFECT_DEFAULTS, type EffectContext, type EffectOptions, type EffectPlan } from './plan.ts';

/** What a live module exports for an effect. The browser gets nothing of it. */
export interface LiveEffect {
	readonly sources: readonly Source[];
}

/** As a method, so that an author may say of which type the data is, out of those that can come. */
type Handles<Events> = {
	handle(event: EventName<Events>, data: EventData<Events>, context: EffectContext): MaybePromise<unknown>;
}['handle'];

/**
 * Runs a handler for every event of some topics, on one process of the application at a time, in the order of each topic.
 * An event is handled at least once: again where its process ends while the handler runs, and at no other time.
 * A handler that throws is reported to `onError`; the next event follows.
 * @param sources names, parts, topics, or streams without arguments
 */
// oxlint-disable-next-line no-unnecessary-type-parameters -- an author names it by the type of a parameter
export function effect<Data = Record<string, unknown>>(
	sources: readonly NamedSource[],
	handler: (event: string, data: Data, context: EffectContext) => MaybePromise<unknown>,
	options?: EffectOptions
): LiveEffect;
export function effect<const Sources extends readonly Source[]>(
	sources: Sources,
	handler: Handles<EventsOfSource<Sources[number]>>,
	options?: EffectOptions
): LiveEffect;
export function effect(sources: readonly Source[], handler: unknown, options: EffectOptions = {}): LiveEffect {
	checkSources(sources, 'live.effect');
	if (typeof handler !== 'function') throw new TypeError(`live.effect takes a function, not ${typeof handler}`);
	const chosen = { ...EFFECT_DEFAULTS, ...defined(options) };
	checkPositive(chosen, ['timeoutMs', 'maxWaiting']);
	const plan = { ...chosen, sources, handler: handler as EffectPlan['handler'] };
	return define(
		{ sources },
		{ kind: 'service', begins: false, start: (path, host) => new EffectService(path, host, plan) }
	);
}
