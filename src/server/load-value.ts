// The value of a stream as its author's `load` gives it.

import { whenDone, type MaybePromise } from '../base/maybe-promise.ts';
import { initialValue } from '../base/merge.ts';
import type { LiveContext } from './context.ts';
import type { StreamDefinition } from './definition.ts';
import { cursorTextOf } from './page.ts';
import { needsRows } from './views/view.ts';

export function loadValue(
	definition: StreamDefinition,
	context: LiveContext,
	args: readonly unknown[]
): MaybePromise<unknown> {
	const { load, merge } = definition;
	if (load === null) return initialValue(merge);
	return whenDone(load(context, ...args), (value) => {
		assertPaged(definition, context.path, value);
		return value;
	});
}

/** @throws {TypeError} where a value is a page, and its stream cannot show one */
function assertPaged({ merge, view, delta }: StreamDefinition, path: string, value: unknown): void {
	if (cursorTextOf(value) === undefined) return;
	if (merge.kind !== 'crud' || merge.max > 0)
		throw new TypeError(`"${path}" cannot be paged: its merge must be "crud", without "max"`);
	if (delta) throw new TypeError(`"${path}" cannot be paged: what "delta" tells would bring rows of other pages`);
	if (view && needsRows(view, merge))
		throw new TypeError(
			`"${path}" cannot be paged: filter, sort and limit need all of its rows; do that in its load`
		);
}
