// Waits that a signal ends.

import type { Clock } from '../../base/clock.ts';

/** Resolves after a time, or when the signal aborts. */
export function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
	return new Promise((resolve) => {
		if (signal.aborted) return resolve();
		const wake = (): void => {
			clock.clearTimer(timer);
			signal.removeEventListener('abort', wake);
			resolve();
		};
		const timer = clock.setTimer(wake, ms);
		signal.addEventListener('abort', wake);
	});
}
