// What a component sees of a stream, and how its subscription stands.

import type { LiveError } from '../base/errors.ts';

/** What a stream shows. A new object whenever anything changes. */
export interface StreamState {
	/** The value with the optimistic events; undefined until the first one arrives. Never changed afterwards. */
	readonly value: unknown;
	/** Whether there is a value. */
	readonly ready: boolean;
	/** Whether the first value is on its way. */
	readonly loading: boolean;
	/** Why there is no value, or why it is no longer kept current. */
	readonly error: LiveError | undefined;
	/** Whether the value is being kept current now. */
	readonly connected: boolean;
	/** Whether there are rows that were not loaded. */
	readonly hasMore: boolean;
}

/**
 * - `off`: nobody listens
 * - `joining`: the answer to `subscribe`, or a connection to send it on, is awaited
 * - `live`: events are applied
 * - `behind`: the missing events, or the snapshot after a `reset`, are awaited
 * - `failed`: the server ended the subscription; where another attempt makes sense a timer runs
 */
export type Phase = 'off' | 'joining' | 'live' | 'behind' | 'failed';

/** Who waits for a value that is loaded anew. */
export interface Refresh {
	resolve: () => void;
	reject: (error: LiveError) => void;
}
