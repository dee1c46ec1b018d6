// Where the failures of jobs go. Kept on globalThis, because `vite dev` loads the package twice.

import type { MaybePromise } from '../../base/maybe-promise.ts';
import type { ErrorHook } from '../../server/failure.ts';
import { runReported } from '../../server/failure.ts';
import type { ServiceHost } from '../../server/service.ts';
import type { CronContext } from './plan.ts';

/** Told of every failure of a job. `context` is null where no run was under way. */
export type CronErrorHook = (path: string, error: unknown, context: CronContext | null) => MaybePromise<unknown>;

const KEY = Symbol.for('tidewire.onCronError');
const holder = globalThis as { [KEY]?: CronErrorHook | undefined };

/** Sets what is told of the failures of all jobs, instead of `onError`. A later call takes the place of an earlier one. */
export function onCronError(handler: CronErrorHook | undefined): void {
	holder[KEY] = handler;
}

/** A hook that fails itself is reported like any other error. */
export function reportCron(
	{ onError }: Pick<ServiceHost, 'onError'>,
	...[path, error, context]: Parameters<CronErrorHook>
): void {
	const hook = holder[KEY];
	const fallback = (failure: unknown): void => (onError as CronErrorFallback)(path, failure, context);
	if (hook === undefined) fallback(error);
	else runReported(() => hook(path, error, context), fallback);
}

type CronErrorFallback = (path: string, error: unknown, context: unknown) => ReturnType<ErrorHook>;
