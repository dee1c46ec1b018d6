// `live.cron`: what happens on the server at certain times.

import { checkPositive, defined } from '../../base/options.ts';
import type { MaybePromise } from '../../base/maybe-promise.ts';
import { define } from '../../server/definition.ts';
import type { Topic } from '../../server/topic.ts';
import { checkSources, isStream, type NamedSource, type Source } from '../shared/source.ts';
import { CronService } from './cron-service.ts';
import { CRON_DEFAULTS, type CronContext, type CronOptions, type CronPlan } from './plan.ts';
import { Schedule } from './schedule.ts';

/** What a live module exports for a job. The browser gets nothing of it. */
export interface LiveCron {
	readonly schedule: string;
}

type Job<Result> = (context: CronContext) => MaybePromise<Result>;

/** A topic that takes a `set` of this. */
type TopicOf<Value> = Topic<{ set: Value }> | { topic(): Topic<{ set: Value }> };

/**
 * Runs a function at certain times, on one process of the application at a time. A run is named by the time that it was
 * due, and takes place at most once. Where it throws, it is reported to `onCronError`, or else to `onError`, and the next one follows
 * as if nothing had happened. A run that is due while the one before still runs is left out, and reported.
 * @param schedule five fields (minute, hour, day, month, weekday), or six with seconds before them
 * @param topic where the result is published as `set`, unless it is undefined
 */
// oxlint-disable-next-line max-params -- what an author writes
export function cron<Value>(
	schedule: string,
	topic: TopicOf<Value>,
	run: Job<Value | undefined>,
	options?: CronOptions
): LiveCron;
// oxlint-disable-next-line max-params -- what an author writes
export function cron(schedule: string, topic: NamedSource, run: Job<unknown>, options?: CronOptions): LiveCron;
export function cron(schedule: string, run: Job<unknown>, options?: CronOptions): LiveCron;
export function cron(schedule: string, ...given: unknown[]): LiveCron {
	const topic = typeof given[0] === 'function' && !isStream(given[0]) ? null : (given.shift() as Source);
	const [run, options = {}] = given as [CronPlan['run'], CronOptions?];
	if (topic !== null) checkSources([topic], 'live.cron');
	if (typeof run !== 'function') throw new TypeError(`live.cron takes a function, not ${typeof run}`);
	const chosen = { ...CRON_DEFAULTS, ...defined(options) };
	checkPositive(chosen, ['timeoutMs']);
	if (!(chosen.catchUpMs >= 0)) throw new RangeError(`"catchUpMs" must be 0 or more, not ${chosen.catchUpMs}`);
	const plan = { ...chosen, schedule: new Schedule(schedule, chosen.timezone), topic, run };
	return define(
		{ schedule },
		{ kind: 'service', begins: true, start: (path, host) => new CronService(path, host, plan) }
	);
}
