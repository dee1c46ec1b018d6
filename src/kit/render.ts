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
	const key = seedKey(path, args);
	const known = resourcesOf(facts.getRequestEvent);
	let resource = known.get(key);
	if (!resource) {
		// The event is asked for when the load begins: a resource may be made where no request is under way.
		resource = createServerResource(() => runtime().load(path, facts.getRequestEvent(), args), key);
		known.set(key, resource);
	}
	return resource;
}

/** As in the browser, a stream is one resource for all components of a page: what one hydrates, the others show. */
const byRequest = new WeakMap<object, Map<string, LiveResource<unknown, unknown>>>();

function resourcesOf(getRequestEvent: AppFacts['getRequestEvent']): Map<string, LiveResource<unknown, unknown>> {
	let event: object;
	try {
		event = getRequestEvent();
	} catch {
		return new Map(); // No request is under way: nothing to share with.
	}
	const known = byRequest.get(event) ?? new Map<string, LiveResource<unknown, unknown>>();
	byRequest.set(event, known);
	return known;
}
