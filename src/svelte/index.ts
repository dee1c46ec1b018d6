// The public face of the Svelte binding. What the exports of live modules become in the browser is in `stubs.ts`.

export type {
	LiveCall,
	LiveCursorsResource,
	LiveIdempotent,
	LivePresenceResource,
	LiveQuery,
	LiveResource,
	LiveSnapshot,
	LiveStreamFactory
} from '../base/surface.ts';
export type { ConnectionState } from '../client/status.ts';
export { combine, type Combined } from './combine.ts';
export { connection } from './connection.ts';
export { StreamView, type StreamViewComponent } from './stream-view.ts';
export type { Readable, StreamViewProps, Viewable } from './viewable.ts';
