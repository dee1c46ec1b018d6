// The live module of pages, which every server has: the rows of a stream behind a cursor, for the caller who has those before.
// A page goes the way of a first value: middleware, guards, schemas, gate, access, view. Nothing of it is shared.

import { LiveError } from '../base/errors.ts';
import type { MoreRows } from '../protocol/pages.ts';
import type { LiveContext } from './context.ts';
import { define, type CallDefinition } from './definition.ts';
import { partsOf } from './features.ts';
import { loadFor } from './load-once.ts';
import { readCursor } from './page.ts';
import { notFound } from './refusal.ts';
import type { HostedContext } from './stream-host.ts';
import { definitionFor } from './versions.ts';

/** Its exports by their names. */
export function pagesModule(): Record<string, unknown> {
	const definition: CallDefinition = {
		kind: 'call',
		handler: more,
		schemas: null,
		once: null,
		priority: 'high', // the stream's own is asked
		isInner: true
	};
	return { more: define({}, definition) };
}

async function more(context: LiveContext, ...[path, args, cursor, version]: unknown[]): Promise<MoreRows> {
	if (typeof path !== 'string' || !Array.isArray(args) || typeof cursor !== 'string')
		throw new LiveError('BAD_REQUEST', 'a page is asked for with a path, arguments and a cursor');
	const parts = partsOf(context);
	const registered = parts.registry.get(path);
	if (registered?.definition.kind !== 'stream') throw notFound(path);
	const shed = parts.admission.overload.refusal(registered.definition.priority);
	if (shed !== null) throw shed;
	const caller = context as unknown as HostedContext; // every context is one
	const own = caller.ofPage(path, readCursor(cursor, parts.limits.depth)) as HostedContext;
	context.abortSignal.addEventListener('abort', () => own.abort(context.abortSignal.reason));
	const known = typeof version === 'number' ? version : undefined;
	const definition = definitionFor(registered.definition, path, known);
	const loaded = await loadFor(parts, {
		registered: { ...registered, definition },
		context: own,
		args: args as unknown[],
		isPage: true
	});
	await own.published;
	if (!Array.isArray(loaded.value)) return [[], null]; // its gate is shut
	return [loaded.value as unknown[], loaded.cursor ?? null];
}
