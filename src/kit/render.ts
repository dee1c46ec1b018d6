// A stream that a component uses while its page is rendered on the server: loaded only where it is awaited, for the
// user that asked for the page.

import type { LiveResource } from '../base/surface.ts';
import { runtime } from '../server/runtime.ts';
import { seedKey } from '../svelte/seed.ts';
import { createServerResource } from '../svelte/server-resource.ts';
import type { AppFacts } from './app.ts';

export function renderStream(
	facts: Pick<AppFacts, 'getRequestEvent'>,
	path: string,
	args: unknown[]
): LiveResource<unknown, unknown> {
	// The event is asked for when the load begins: a resource may be made where no request is under way.
	return createServerResource(() => runtime().load(path, facts.getRequestEvent(), args), seedKey(path, args));
}
