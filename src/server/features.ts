// How a feature finds what it keeps for the server that a handler runs on.

import { PARTS, type LiveContext } from './context.ts';
import type { FeatureList } from './feature-list.ts';
import type { ServerParts } from './server-parts.ts';

export type { Feature } from './feature-list.ts';

export type Features = FeatureList<ServerParts>;

/** The server that a handler runs on, for features. */
export function partsOf(context: LiveContext): ServerParts {
	return (context as unknown as { [PARTS]: ServerParts })[PARTS]; // every context is a HandlerContext
}
