// Exports that are others with something before them: limits, gates, locks. What they wrap stays as it is.

import type { LiveContext } from './context.ts';
import { call as makeCall } from './define-call.ts';
import {
	define,
	DEFINITION,
	definitionOf,
	PATH,
	registeredPath,
	type CallDefinition,
	type StreamDefinition
} from './definition.ts';

/** What can be wrapped: what the browser calls or subscribes to. */
export type Wrapped = CallDefinition | StreamDefinition;

const OWN: ReadonlySet<PropertyKey> = new Set(['length', 'name', 'prototype', DEFINITION, PATH]);

/**
 * An export with another definition that does everything else as `inner` does; of a plain function a call.
 * @param by for the error: what was asked to wrap it
 * @throws {TypeError} where it is nothing that can be wrapped
 */
export function redefine(inner: object, by: string, change: (definition: Wrapped) => Wrapped): object {
	const target = definitionOf(inner) ? inner : makeCall(inner as (context: LiveContext) => unknown);
	const definition = definitionOf(target);
	if (definition?.kind !== 'call' && definition?.kind !== 'stream')
		throw new TypeError(`${by} wraps a function, or what live(), live.stream() or a relative of them returns`);
	const call = target as unknown as (...args: unknown[]) => unknown;
	const copy = (...args: unknown[]): unknown => call(...args);
	for (const key of Reflect.ownKeys(target)) {
		const descriptor = OWN.has(key) ? undefined : Object.getOwnPropertyDescriptor(target, key);
		if (descriptor) Object.defineProperty(copy, key, descriptor);
	}
	let own: string | undefined;
	Object.defineProperty(copy, PATH, {
		get: () => own,
		set: (path: string) => {
			// Its methods look for the path where they were made. One that is exported itself keeps its own.
			if (registeredPath(target) === own) (target as { [PATH]?: string })[PATH] = path;
			own = path;
		}
	});
	return define(copy, change(definition));
}
