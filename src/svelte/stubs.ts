// What the browser runs in place of a live module: the Vite plugin writes one of these calls for each of its exports.
// The types of the exports come from the server's source, so everything here is untyped.

import { randomName } from '../base/random.ts';
import type { LiveCall, LiveIdempotent, LiveQuery, LiveResource, LiveStreamFactory } from '../base/surface.ts';
import { client } from '../client/default-client.ts';
import { resourceOf } from './resources.ts';

/** The members of a resource; those of a stream without arguments are read from the stub itself. */
const MEMBERS = [
	'current',
	'ready',
	'loading',
	'error',
	'connected',
	'then',
	'subscribe',
	'hydrate',
	'optimistic',
	'mutate',
	'refresh',
	'hasMore',
	'loadMore',
	Symbol.asyncIterator
] as const satisfies (keyof LiveResource<unknown, unknown>)[];

/** A server function. */
export function call(path: string): LiveCall<unknown[], unknown> {
	return (...args) => client.call(path, args);
}

/** A server function whose calls take effect once each, however often they are sent. */
export function idempotent(path: string): LiveIdempotent<unknown[], unknown> {
	return Object.assign((...args: unknown[]) => client.call(path, args, { key: randomName() }), {
		withKey: (key: string, ...args: unknown[]) => client.call(path, args, { key })
	});
}

/** What runs on the server by itself: its name can be imported, and using it says why nothing is there. */
export function service(path: string): object {
	const refuse = (): never => {
		throw new Error(`"${path}" runs by itself on the server: the browser has nothing of it`);
	};
	return new Proxy(refuse, { get: refuse });
}

/** A server function that changes nothing. */
export function query(path: string): LiveQuery<unknown[], unknown> {
	return Object.assign((...args: unknown[]) => client.query(path, args), {
		fresh: (...args: unknown[]) => client.query(path, args, { fresh: true })
	});
}

/**
 * A stream: called with arguments it gives their resource, the same one for the same arguments as long as it is in use.
 * The stub itself is the resource without arguments.
 * @param version of the rows, where the module says one
 */
export function stream(path: string, version?: number): LiveStreamFactory<unknown[], unknown, unknown> {
	// Kept: between two uses the stub still tells the latest known value.
	let own: LiveResource<unknown, unknown> | undefined;
	const openOwn = () => (own ??= resourceOf(client, path, [], version));
	const open = (...args: unknown[]) => (args.length > 0 ? resourceOf(client, path, args, version) : openOwn());
	for (const member of MEMBERS) Object.defineProperty(open, member, { get: () => read(openOwn(), member) });
	return open as LiveStreamFactory<unknown[], unknown, unknown>; // The loop above made it one.
}

function read(resource: LiveResource<unknown, unknown>, member: (typeof MEMBERS)[number]): unknown {
	const value = resource[member];
	return typeof value === 'function' ? value.bind(resource) : value;
}
