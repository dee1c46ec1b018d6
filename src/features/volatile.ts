// `live.volatile`: functions whose calls nobody waits for. What is lost is lost: right for cursors and typing.

import type { MaybePromise } from '../base/maybe-promise.ts';
import type { LiveVolatile } from '../base/bytes-surface.ts';
import type { LiveContext } from '../server/context.ts';
import type { Handler } from '../server/definition.ts';
import { defineCall, takeSchemas, type Inputs, type Outputs, type Schemas } from '../server/define-call.ts';

type Run<Args extends unknown[]> = (context: LiveContext, ...args: Args) => MaybePromise<unknown>;

/**
 * A function that is called without an answer: the browser sends the call where the connection takes it at once, and forgets it
 * otherwise. Errors of the handler go to `onError` of the server. With schemas for the arguments.
 */
export function volatile<Args extends unknown[]>(handler: Run<Args>): LiveVolatile<Args>;
export function volatile<const All extends Schemas>(
	schemas: All,
	handler: Run<Outputs<All>>
): LiveVolatile<Inputs<All>>;
export function volatile(...given: unknown[]): unknown {
	const { schemas, handler } = takeSchemas('live.volatile', given);
	return defineCall({ handler: handler as Handler, schemas, once: null, volatile: true });
}
