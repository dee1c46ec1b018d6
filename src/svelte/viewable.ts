// The parts of a stream that more than one helper here reads. Structural, so that combined streams, streams without
// arguments and a test's plain objects fit too.

import type { LiveResource } from '../base/surface.ts';

/** What `StreamView` shows. */
export type Viewable<Value> = Pick<
	LiveResource<Value, unknown>,
	'current' | 'ready' | 'error' | 'connected' | 'refresh'
>;

/** What `combine` reads: every stream, and every combination. */
export interface Readable<Value> {
	readonly current: Value | undefined;
	subscribe(run: (value: Value | undefined) => void): () => void;
}
