// What has changed in a stream's data since a version of it: for clients whose position the log does not know any more.
// Invariant: the version is asked before what it is the version of, so that later changes are told again rather than not.

import type { MaybePromise } from '../base/maybe-promise.ts';
import { encodeEventBody, encodeListedEvent, type DataVersion } from '../protocol/stream.ts';
import type { LiveContext } from './context.ts';
import type { Delta, StreamDefinition } from './definition.ts';

const MAX_LENGTH = 64;

export interface Changes {
	/** What the data is now. */
	readonly since: DataVersion;
	/** As `resumed` lists them. */
	readonly events: readonly string[];
}

export interface ChangesRequest {
	readonly delta: Delta;
	readonly definition: StreamDefinition;
	readonly context: LiveContext;
	readonly args: readonly unknown[];
	readonly since: DataVersion;
	/** What rows become for the reader. */
	readonly shownAs: (rows: readonly unknown[]) => MaybePromise<unknown>;
}

/** Null where only the whole value helps. */
export async function changesSince(request: ChangesRequest): Promise<Changes | null> {
	const { delta, definition, context, args, since } = request;
	const now = await versionNow(delta, context, args);
	if (now === since) return { since, events: [] };
	const changes = await delta.diff(context, since, ...args);
	if (changes === null) return null;
	const { upserted = [], deleted = [] } = changes;
	const rows = (await request.shownAs(upserted)) as readonly unknown[]; // a list becomes a list
	const events = [
		...deleted.map((key) => encodeEventBody('deleted', { [definition.merge.key]: key })),
		...rows.map((row) => encodeEventBody('created', row))
	];
	return { since: now, events: events.map((body) => encodeListedEvent(0, body)) };
}

/** @throws {TypeError} where it is none that can travel */
export async function versionNow(
	{ version }: Delta,
	context: LiveContext,
	args: readonly unknown[]
): Promise<DataVersion> {
	const now = await version(context, ...args);
	const isText = typeof now === 'string' && now.length > 0 && now.length <= MAX_LENGTH;
	if (isText || Number.isFinite(now)) return now;
	throw new TypeError(
		`delta.version of "${context.path}" gave ${String(now)}, not a number or 1 to ${MAX_LENGTH} characters`
	);
}

/** @throws {TypeError} */
export function assertDelta({ delta, merge, ephemeral, load }: StreamDefinition): void {
	if (!delta || (merge.kind === 'crud' && merge.max === 0 && !ephemeral && load !== null)) return;
	throw new TypeError('"delta" is for a live.stream with a log, the merge "crud" and no "max"');
}
