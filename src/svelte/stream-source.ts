// What this folder needs of a client's stream. Everything here reads and listens; nothing here knows of sockets.

import type { LiveError } from '../base/errors.ts';
import type { LiveSnapshot } from '../base/surface.ts';

/** One state of a stream; replaced as a whole on every change. */
export interface StreamState {
	readonly value: unknown;
	readonly ready: boolean;
	readonly loading: boolean;
	readonly error: LiveError | undefined;
	readonly connected: boolean;
}

/** A stream without its values' types. It is subscribed on the wire while it has listeners. */
export interface StreamSource {
	readonly state: StreamState;
	/** Never calls the listener before it has returned. */
	onChange(listener: () => void): () => void;
	hydrate(snapshot: LiveSnapshot<unknown>): void;
	optimistic(event: string, data: unknown): () => void;
	mutate<Result>(event: string, data: unknown, run: () => Promise<Result>): Promise<Result>;
	refresh(): Promise<void>;
}
