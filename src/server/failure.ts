// What becomes of an error: what was meant for the client reaches it, everything else goes to the application's log and
// reaches the client as INTERNAL with no detail.

import { isLiveError, LiveError } from '../base/errors.ts';
import { isPromise, type MaybePromise } from '../base/maybe-promise.ts';
import { encodeError } from '../protocol/call.ts';
import type { LiveContext } from './context.ts';

/** Told of every error that the client does not get to see. `context` is null outside calls and streams. */
export type ErrorHook = (path: string, error: unknown, context: LiveContext | null) => void;

export function clientError(error: unknown, context: LiveContext, onError: ErrorHook): LiveError {
	if (isLiveError(error)) return sendable(error, context, onError);
	onError(context.path, error, context);
	return new LiveError('INTERNAL', 'something went wrong on the server');
}

/** Details that cannot travel are left out: the refusal itself must reach the client. */
function sendable(error: LiveError, context: LiveContext, onError: ErrorHook): LiveError {
	try {
		encodeError(0, error);
		return error;
	} catch (cause) {
		onError(
			context.path,
			new TypeError(`the details of the LiveError "${error.code}" cannot be sent`, { cause }),
			context
		);
		return new LiveError(error.code, error.message);
	}
}

/** A log that fails itself must not end the process. */
export function safeHook(hook: ErrorHook): ErrorHook {
	return (path, error, context) =>
		runReported(
			() => hook(path, error, context),
			(failure) => printError(path, failure)
		);
}

export function printError(path: string, error: unknown): void {
	// oxlint-disable-next-line no-console -- the default, for applications that set no `onError`
	console.error(`tidewire: ${path || 'background work'} failed:`, error);
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

export function goingAway(retryAfterMs = 0): LiveError {
	return new LiveError('GOING_AWAY', 'the server is shutting down', { retryAfterMs });
}
