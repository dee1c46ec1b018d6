// What a job consists of, with every default filled in.

import type { MaybePromise } from '../../base/maybe-promise.ts';
import type { ServiceContext } from '../shared/context.ts';
import type { Source } from '../shared/source.ts';
import type { Schedule } from './schedule.ts';

export interface CronContext extends ServiceContext {
	/** The time that the job was due: with `path` the name of this run, which no other one has. */
	readonly scheduledAt: Date;
	/** How many runs before this one were left out since the last, because no process was there or one was still running. */
	readonly missed: number;
}

export interface CronOptions {
	/** An IANA name, for example `Europe/Berlin`. @default 'UTC' */
	timezone?: string;
	/**
	 * Which of the runs that were due while no process could begin them are made up for: the last one, or each of them in
	 * order. With `all`, a run that is due while the one before still runs is not left out, but waits for it.
	 * @default 'latest'
	 */
	catchUp?: 'latest' | 'all';
	/** How late a run may begin, in milliseconds; 0 for not at all: then a run that is over a second late is left out. @default 3600000 */
	catchUpMs?: number;
	/**
	 * Whether a run that was interrupted, because its process was killed for example, is made again: then a run takes place
	 * at least once, rather than at most once. @default false
	 */
	repeatInterrupted?: boolean;
	/** How long a run may take, in milliseconds. The next one may begin then. @default 3600000 */
	timeoutMs?: number;
}

const HOUR_MS = 60 * 60 * 1_000;

export const CRON_DEFAULTS: Required<CronOptions> = {
	timezone: 'UTC',
	catchUp: 'latest',
	catchUpMs: HOUR_MS,
	repeatInterrupted: false,
	timeoutMs: HOUR_MS
};

export interface CronPlan extends Required<CronOptions> {
	readonly schedule: Schedule;
	/** Where the result goes as a `set`; null where it goes nowhere. */
	readonly topic: Source | null;
	readonly run: (context: CronContext) => MaybePromise<unknown>;
}
