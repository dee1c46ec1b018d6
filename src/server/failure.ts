// What becomes of an error: what was meant for the client reaches it, everything else goes to the application's log and
// reaches the client as INTERNAL with no detail.

import { isLiveError, LiveError } from '../base/errors.ts';
import { isPromise, type MaybePromise } from '../base/maybe-promise.ts';
import type { LiveContext } from './context.ts';

/** Told of every error that the client does not get to see. `context` is null outside calls and streams. */
export type ErrorHook = (path: string, error: unknown, context: LiveContext | null) => void;

export function clientError(error: unknown, context: LiveContext, onError: ErrorHook): LiveError {
	if (isLiveError(error)) return error;
	onError(context.path, error, context);
	return new LiveError('INTERNAL', 'something went wrong on the server');
}

/** Runs a hook of the application: its failure is reported and stops nothing. */
export function runReported(run: () => MaybePromise<unknown>, onError: (error: unknown) => void): void {
	try {
		const result = run();
		if (isPromise(result)) result.then(undefined, onError);
	} catch (error) {
		onError(error);
	}
}
