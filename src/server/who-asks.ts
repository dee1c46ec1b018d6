// Notices whether code of the application looks at who asks: what does not is run once for everybody, and what does must
// never give one caller's result to another.

import { PARTS, type LiveContext } from './context.ts';

/** What a result depends on: nothing of the caller, the user alone, or anything else that the connection has. */
const ASKERS = ['anybody', 'user', 'connection'] as const;
export type Asker = (typeof ASKERS)[number];

/** The one of two that tells callers apart more finely. */
export function finer(one: Asker, other: Asker): Asker {
	return ASKERS.indexOf(one) < ASKERS.indexOf(other) ? other : one;
}

/** What may be used without the result depending on the caller. */
const IMPERSONAL: ReadonlySet<PropertyKey> = new Set([PARTS, 'path', 'cursor', 'publish', 'throttle', 'debounce']);

/** A context that reports every use of anything that tells callers apart. */
export function noticing(context: LiveContext, onLook: (asker: Asker) => void): LiveContext {
	return new Proxy(context, {
		get(target, property) {
			// What is shared outlives the caller who happened to start it.
			if (property === 'abortSignal') return new AbortController().signal;
			if (!IMPERSONAL.has(property)) onLook(property === 'user' ? 'user' : 'connection');
			return Reflect.get(target, property, target) as unknown;
		},
		has(target, property) {
			onLook('connection');
			return Reflect.has(target, property);
		},
		getOwnPropertyDescriptor(target, property) {
			onLook('connection');
			return Reflect.getOwnPropertyDescriptor(target, property);
		},
		ownKeys(target) {
			onLook('connection');
			return Reflect.ownKeys(target);
		}
	});
}
