// Bounds how long a promise may take. Where it takes longer, its later outcome is ignored.

import type { Clock } from '../base/clock.ts';
import { LiveError } from '../base/errors.ts';
import { isPromise, type MaybePromise } from '../base/maybe-promise.ts';

export interface Deadline {
	clock: Clock;
	limitMs: number;
	/** What takes so long, for the message. */
	what: string;
}

/** @throws {LiveError} TIMEOUT */
export function withTimeout<Value>(
	pending: MaybePromise<Value>,
	{ clock, limitMs, what }: Deadline
): MaybePromise<Value> {
	if (!isPromise(pending)) return pending;
	return new Promise<Value>((resolve, reject) => {
		const refuse = (): void => reject(new LiveError('TIMEOUT', `"${what}" took longer than ${limitMs} ms`));
		const timer = clock.setTimer(refuse, limitMs);
		const settle = (): void => clock.clearTimer(timer);
		pending.then(
			(value) => (settle(), resolve(value)),
			(error: unknown) => (settle(), reject(error as Error))
		);
	});
}
