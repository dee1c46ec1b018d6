// Listeners of one socket, as EventTarget has them. Not that class itself: it knows no promises, and an event listener that
// rejects would end the process.

import { isPromise, type MaybePromise } from '../base/maybe-promise.ts';
import type { SocketEventMap, SocketListener, SocketListenerOptions } from './socket.ts';

type Type = keyof SocketEventMap;
/** A listener is called with events of the type that it stands under. */
type AnyListener = (event: never) => MaybePromise<unknown>;

export class Listeners {
	readonly #all = new Map<Type, Map<AnyListener, { once: boolean }>>();

	add<T extends Type>(
		type: T,
		listener: SocketListener<T>,
		{ once = false, signal }: SocketListenerOptions = {}
	): void {
		if (signal?.aborted) return;
		const ofType = this.#all.get(type) ?? new Map<AnyListener, { once: boolean }>();
		this.#all.set(type, ofType);
		if (!ofType.has(listener)) ofType.set(listener, { once });
		signal?.addEventListener('abort', () => this.remove(type, listener), { once: true });
	}

	remove<T extends Type>(type: T, listener: SocketListener<T>): void {
		this.#all.get(type)?.delete(listener);
	}

	/** Calls everyone, also where one throws; then throws that, or rejects with it. */
	emit<T extends Type>(type: T, event: SocketEventMap[T]): MaybePromise<unknown> {
		const pending: PromiseLike<unknown>[] = [];
		const failures: unknown[] = [];
		for (const [listener, { once }] of [...(this.#all.get(type) ?? [])]) {
			if (once) this.#all.get(type)?.delete(listener);
			try {
				const result = (listener as SocketListener<T>)(event);
				if (isPromise(result)) pending.push(result);
			} catch (error) {
				failures.push(error);
			}
		}
		if (failures.length > 0) pending.push(Promise.reject(failures[0]));
		return pending.length > 0 ? Promise.all(pending) : undefined;
	}
}
