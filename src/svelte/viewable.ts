// What the helpers here read of a stream. Structural, so that combined streams, streams without arguments and a test's
// plain objects fit too.

import type { Snippet } from 'svelte';
import type { LiveError } from '../base/errors.ts';
import type { LiveResource } from '../base/surface.ts';

/** What `combine` reads: every stream, and every combination. */
export interface Readable<Value> {
	readonly current: Value | undefined;
	subscribe(run: (value: Value | undefined) => void): () => void;
}

/** What `StreamView` shows. */
export type Viewable<Value> = Pick<
	LiveResource<Value, unknown>,
	'current' | 'ready' | 'error' | 'connected' | 'refresh'
>;

export interface StreamViewProps<Value> {
	stream: Viewable<Value>;
	/** Shows the value. It stays while the stream has an error or no connection. */
	children: Snippet<[value: Value]>;
	/** Shown until there is a value. @default a status, "Loading…" */
	loading?: Snippet;
	/** Shows why there is no value, or why it is no longer kept current. @default an alert with a button to try again */
	error?: Snippet<[error: LiveError, retry: () => void]>;
	/** Shown before a value that waits for the connection to return. @default nothing */
	stale?: Snippet;
}
