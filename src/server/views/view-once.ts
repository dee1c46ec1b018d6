// A view of a value that was loaded once, for rendering a page: the same stages, order and limit as for streams.

import { whenDone, type MaybePromise } from '../../base/maybe-promise.ts';
import type { LiveSnapshot } from '../../base/surface.ts';
import type { Position } from '../../protocol/position.ts';
import type { LiveContext } from '../context.ts';
import type { StreamDefinition } from '../definition.ts';
import type { ServerParts } from '../server-parts.ts';
import { eventStages, shownBy } from './event-view.ts';
import type { ViewRun } from './group.ts';
import { mergeOfView, needsRows, type View } from './view.ts';
import { ViewRows } from './view-rows.ts';

export interface OnceOptions {
	readonly parts: Pick<ServerParts, 'clock' | 'limits' | 'onError'>;
	readonly definition: StreamDefinition & { readonly view: View };
	readonly context: LiveContext & { readonly path: string };
	readonly value: unknown;
	/** Where the value stands in the topic's log. */
	readonly position: Position | null;
}

/** @throws {LiveError} TOO_MANY */
export function viewOnce({
	parts,
	definition,
	context,
	value,
	position
}: OnceOptions): MaybePromise<LiveSnapshot<unknown>> {
	const { clock, limits } = parts;
	const onError = (error: unknown): void => parts.onError(context.path, error, context);
	const run: ViewRun = { path: context.path, definition, context, clock, limits, onError };
	const merge = mergeOfView(definition.view, definition.merge);
	if (!needsRows(definition.view, definition.merge)) {
		return whenDone(shownBy(eventStages(run), value, run.path), (shown) => ({ value: shown, position, merge }));
	}
	const view = new ViewRows(run, () => {});
	// The positions of such a view are those of its group: the browser's socket begins anew.
	return whenDone(view.load(value), () => ({ value: [...view.list], position: null, merge }));
}
