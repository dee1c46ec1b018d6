// `live.priority`: what is refused first where a process cannot keep up.

import type { MaybePromise } from '../../base/maybe-promise.ts';
import type { LiveCall, LiveExport, PlainFunction } from '../../base/surface.ts';
import type { LiveContext } from '../../server/context.ts';
import type { Priority } from '../../server/overload.ts';
import { redefine } from '../../server/redefine.ts';

type Run<Args extends unknown[], Result> = (context: LiveContext, ...args: Args) => MaybePromise<Result>;

/**
 * Says how much a function or a stream matters. Where the process cannot keep up, it is refused with OVERLOADED: `low` early,
 * `normal`, which is what says nothing, late, `high` never.
 */
export function priority<Args extends unknown[], Result>(
	level: Priority,
	handler: Run<Args, Result> & PlainFunction
): LiveCall<Args, Awaited<Result>>;
export function priority<Export extends LiveExport>(level: Priority, inner: Export): Export;
export function priority(level: Priority, inner: object): object {
	if (!['low', 'normal', 'high'].includes(level))
		throw new TypeError(`the priority must be low, normal or high, not "${level}"`);
	return redefine(inner, 'live.priority()', (definition) => ({ ...definition, priority: level }));
}
