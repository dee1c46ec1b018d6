// What this folder needs of a client's stream, so that tests can put something simpler in its place. A listener may be
// called before `onChange` has returned: where the connection was refused, the first listener changes the state at once.

import type { ClientStream } from '../client/stream.ts';

/** A stream without its values' types. It is subscribed on the wire while it has listeners. */
export type StreamSource = Pick<ClientStream, 'state' | 'onChange' | 'hydrate' | 'optimistic' | 'mutate' | 'refresh'>;
