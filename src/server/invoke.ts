// The way into every function: middleware, then the guards of its module, then its arguments against their schemas.

import { LiveError } from '../base/errors.ts';
import { isPromise, whenDone, type MaybePromise } from '../base/maybe-promise.ts';
import type { LiveContext } from './context.ts';
import type { Guard, Middleware } from './definition.ts';
import type { Registered } from './registry.ts';
import { withValidArgs } from './validate.ts';

export interface Invocation {
	registered: Registered;
	middleware: readonly Middleware[];
	context: LiveContext;
	args: unknown[];
}

/** Runs `run` with the valid arguments, when everything before it agrees. Without middleware, nothing waits. */
export function invoke(invocation: Invocation, run: (args: unknown[]) => MaybePromise<unknown>): MaybePromise<unknown> {
	const { registered, middleware, context, args } = invocation;
	const guarded = (): MaybePromise<unknown> =>
		whenDone(runGuards(registered.guards, context, 0), () =>
			withValidArgs(registered.definition.schemas, args, run)
		);
	return middleware.length === 0 ? guarded() : runMiddleware(middleware, context, guarded);
}

function runGuards(guards: readonly Guard[], context: LiveContext, from: number): MaybePromise<void> {
	for (let index = from; index < guards.length; index++) {
		const result = guards[index]?.(context);
		if (isPromise(result)) return result.then(() => runGuards(guards, context, index + 1));
	}
}

function runMiddleware(
	middleware: readonly Middleware[],
	context: LiveContext,
	last: () => MaybePromise<unknown>
): MaybePromise<unknown> {
	const step = (index: number): MaybePromise<unknown> => {
		const current = middleware[index];
		return current
			? current(
					context,
					once(async () => step(index + 1))
				)
			: last();
	};
	return step(0);
}

/** What a middleware calls to go on: doing so twice would run the function twice. */
function once(next: () => Promise<unknown>): () => Promise<unknown> {
	let called = false;
	return () => {
		if (called) return Promise.reject(new Error('a middleware called next() twice'));
		called = true;
		return next();
	};
}

/** A middleware may answer a call in place of its function; a stream has no such answer. */
export function notLetThrough(path: string): LiveError {
	return new LiveError('FORBIDDEN', `a middleware did not let "${path}" through`);
}
