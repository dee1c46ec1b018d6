// What this folder needs of a client's stream, so that tests can put something simpler in its place. `onChange` never
// calls a listener before it has returned, but the first listener may change the state.

import type { ClientStream } from '../client/stream.ts';

/** A stream without its values' types. It is subscribed on the wire while it has listeners. */
export type StreamSource = Pick<
	ClientStream,
	'state' | 'onChange' | 'hydrate' | 'optimistic' | 'mutate' | 'refresh' | 'loadMore'
>;
