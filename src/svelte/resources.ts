// One resource per stream of the client, so that all components that ask for the same stream share its subscription.

import type { LiveResource } from '../base/surface.ts';
import { StreamResource } from './resource.ts';
import { seedKey } from './seed.ts';
import type { StreamSource } from './stream-source.ts';

/** The part of a client that streams come from. */
export interface Streams {
	/** The same stream for the same path and arguments, as long as it is in use. */
	stream(path: string, args: unknown[], version?: number): StreamSource;
}

/** A resource lives exactly as long as its stream. */
const resources = new WeakMap<StreamSource, StreamResource<unknown, unknown>>();

// oxlint-disable-next-line max-params -- what a stub knows
export function resourceOf(
	streams: Streams,
	path: string,
	args: unknown[],
	version?: number
): LiveResource<unknown, unknown> {
	const stream = streams.stream(path, args, version);
	let resource = resources.get(stream);
	if (!resource) {
		resource = new StreamResource(stream, seedKey(path, args));
		resources.set(stream, resource);
	}
	return resource;
}
