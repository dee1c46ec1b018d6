// `live.gate`: a stream that is there for some callers only. For others it is no error and no subscription: their value
// stays undefined.

import type { MaybePromise } from '../base/maybe-promise.ts';
import type { LiveContext } from '../server/context.ts';
import { makeStream, type LiveStream, type StreamLike } from '../server/define-stream.ts';
import { definitionOf, type Handler } from '../server/definition.ts';

/**
 * @param isActive asked whenever a client subscribes, after the guards and before `access`
 * @throws {TypeError} where it is given something else than a stream
 */
export function gate<Args extends unknown[], Value, Events, Published>(
	isActive: (context: LiveContext, ...args: Args) => MaybePromise<boolean>,
	stream: StreamLike<Args, Value, Events, Published>
): LiveStream<Args, Value | undefined, Events, Published> {
	const definition = definitionOf(stream);
	if (definition?.kind !== 'stream')
		throw new TypeError('live.gate takes a stream: live.stream, live.channel or a pipe');
	const before = definition.gate;
	const own = isActive as Handler<boolean>;
	const both: Handler<boolean> = async (context, ...args) =>
		(await own(context, ...args)) && (!before || (await before(context, ...args)));
	return makeStream({ ...definition, gate: both }) as LiveStream<Args, Value | undefined, Events, Published>;
}
