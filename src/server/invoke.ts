// The way into every function: middleware, then the guards of its module, then its arguments against their schemas.

import { LiveError } from '../base/errors.ts';
import { isPromise, whenDone, type MaybePromise } from '../base/maybe-promise.ts';
import type { LiveContext } from './context.ts';
import type { Guard, Handler, Middleware } from './definition.ts';
import type { Registered } from './registry.ts';
import { validateArgs } from './validate.ts';

export interface Invocation {
	registered: Registered;
	middleware: readonly Middleware[];
	context: LiveContext;
	args: unknown[];
}

/** Runs `run` with the valid arguments, when everything before it agrees. Where nothing stands before it, nothing waits. */
export function invoke(invocation: Invocation, run: Handler): MaybePromise<unknown> {
	const { middleware, context } = invocation;
	if (middleware.length === 0) return runGuarded(invocation, run);
	return runMiddleware(middleware, context, () => runGuarded(invocation, run));
}

function runGuarded(invocation: Invocation, run: Handler): MaybePromise<unknown> {
	const { before } = invocation.registered.definition;
	const begun = before === undefined ? undefined : runGuards(before, invocation.context, 0);
	return isPromise(begun) ? begun.then(() => runModuleGuards(invocation, run)) : runModuleGuards(invocation, run);
}

function runModuleGuards(invocation: Invocation, run: Handler): MaybePromise<unknown> {
	const { registered, context } = invocation;
	const guarded = runGuards(registered.guards, context, 0);
	return isPromise(guarded) ? guarded.then(() => runValidated(invocation, run)) : runValidated(invocation, run);
}

function runValidated({ registered, context, args }: Invocation, run: Handler): MaybePromise<unknown> {
	const { schemas } = registered.definition;
	if (schemas === null) return run(context, ...args);
	return whenDone(validateArgs(schemas, args), (valid) => run(context, ...valid));
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
