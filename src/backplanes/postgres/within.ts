// A limit for what may never be answered: a server that hangs closes no connection.

import type { Clock } from '../../base/clock.ts';
import { QueryError, type Outcome } from './client.ts';

export type TimeClock = Pick<Clock, 'now' | 'setTimer' | 'clearTimer'>;

export interface Limit {
	clock: TimeClock;
	ms: number;
}

/**
 * @param outcome what is known of it when the time is over
 * @throws {QueryError} when the time is over
 */
export async function within<Result>(
	{ clock, ms }: Limit,
	outcome: Outcome,
	work: PromiseLike<Result>
): Promise<Result> {
	const late = Promise.withResolvers<never>();
	const timer = clock.setTimer(
		() => late.reject(new QueryError(new Error(`the server did not answer within ${ms} ms`), outcome)),
		ms
	);
	try {
		return await Promise.race([work, late.promise]);
	} finally {
		clock.clearTimer(timer);
	}
}
