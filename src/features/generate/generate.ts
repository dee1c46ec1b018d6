// `live.generate`: functions that answer with many values, one after another.

import type { MaybePromise } from '../../base/maybe-promise.ts';
import type { LiveGenerator } from '../../base/bytes-surface.ts';
import { encodeManyValue, FIRST_VALUES } from '../../protocol/values.ts';
import type { LiveContext } from '../../server/context.ts';
import type { Handler } from '../../server/definition.ts';
import { defineCall, takeSchemas, type Inputs, type Outputs, type Schemas } from '../../server/define-call.ts';
import { answerMany, type Answering } from './many-answers.ts';

export interface GenerateOptions {
	/**
	 * How long the next value may take, and how long the client may take to want it, in milliseconds. The whole may take as long
	 * as it likes. @default the limit `callTimeoutMs`, 30000
	 */
	idleMs?: number;
}

type Generate<Args extends unknown[], Value> = (
	context: LiveContext,
	...args: Args
) => MaybePromise<AsyncIterable<Value> | Iterable<Value>>;

/**
 * A function whose values the browser takes with `for await`. The handler is an async generator, or returns something to iterate
 * over. It is asked for a value when the client takes it, but for a few that go ahead; when the client stops, its `finally` runs.
 */
export function generate<Args extends unknown[], Value>(
	handler: Generate<Args, Value>,
	options?: GenerateOptions
): LiveGenerator<Args, Value>;
export function generate<const All extends Schemas, Value>(
	schemas: All,
	handler: Generate<Outputs<All>, Value>,
	options?: GenerateOptions
): LiveGenerator<Inputs<All>, Value>;
export function generate(...given: unknown[]): unknown {
	const { schemas, handler, options } = takeSchemas('live.generate', given);
	const { idleMs } = (options ?? {}) as GenerateOptions;
	return defineCall({
		schemas,
		once: null,
		converse: answerMany(handler as Handler, () => VALUES),
		idleMs
	});
}

const VALUES: Answering = {
	first: FIRST_VALUES,
	partsOf(yielded, call) {
		const message = encodeManyValue(call.request.id, yielded);
		return [{ cost: 1, send: () => call.send(message) }];
	}
};
