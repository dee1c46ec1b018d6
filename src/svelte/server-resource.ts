// A stream while the server renders: one load at most, and nothing that stays subscribed. It has the shape of the
// browser's resource, so that the same component runs in both.

import { isLiveError, LiveError } from '../base/errors.ts';
import type { LiveResource, LiveSnapshot } from '../base/surface.ts';
import { sow } from './seed.ts';

/**
 * A stream for one component in one render. It loads when it is awaited; the outcome travels with the page under `key`
 * (see `seedKey`), where the browser finds it. One that was given a snapshot by `hydrate` never loads.
 */
export function createServerResource<Value, Events>(
	load: () => Promise<LiveSnapshot<Value>>,
	key: string
): LiveResource<Value, Events> {
	return new ServerResource<Value, Events>(load, key);
}

class ServerResource<Value, Events> implements LiveResource<Value, Events> {
	readonly connected = false;
	readonly #load: () => Promise<LiveSnapshot<Value>>;
	readonly #key: string;
	#promise: Promise<Value> | undefined;
	#snapshot: LiveSnapshot<Value> | undefined;
	#error: LiveError | undefined;

	constructor(load: () => Promise<LiveSnapshot<Value>>, key: string) {
		this.#load = load;
		this.#key = key;
	}

	get current(): Value | undefined {
		return this.#snapshot?.value;
	}

	get ready(): boolean {
		return this.#snapshot !== undefined;
	}

	get loading(): boolean {
		return !this.ready && this.#error === undefined;
	}

	get error(): LiveError | undefined {
		return this.#error;
	}

	/** The load begins in the getter, which runs while Svelte still knows which render asks. */
	get then(): PromiseLike<Value>['then'] {
		const promise = (this.#promise ??= this.#start());
		return (onValue, onError) => promise.then(onValue, onError);
	}

	async *[Symbol.asyncIterator](): AsyncIterator<Value> {
		yield await this;
	}

	subscribe(run: (value: Value | undefined) => void): () => void {
		run(this.current);
		return () => {};
	}

	hydrate(snapshot: LiveSnapshot<Value>): this {
		this.#snapshot = snapshot;
		this.#promise = undefined;
		return this;
	}

	optimistic(): never {
		throw inBrowserOnly('optimistic');
	}

	mutate(): Promise<never> {
		return Promise.reject(inBrowserOnly('mutate'));
	}

	refresh(): Promise<void> {
		return Promise.reject(inBrowserOnly('refresh'));
	}

	get hasMore(): boolean {
		return typeof this.#snapshot?.cursor === 'string';
	}

	loadMore(): Promise<void> {
		return Promise.reject(inBrowserOnly('loadMore'));
	}

	#start(): Promise<Value> {
		const loading = this.#snapshot ? Promise.resolve(this.#snapshot) : sow(this.#key, this.#load);
		const promise = loading.then((snapshot) => {
			this.#snapshot = snapshot;
			return snapshot.value;
		});
		// Keeps what failed for `error`; those who await are told by `promise` itself.
		promise.catch((reason: unknown) => {
			this.#error = isLiveError(reason) ? reason : new LiveError('INTERNAL', undefined, { cause: reason });
		});
		return promise;
	}
}

function inBrowserOnly(method: string): LiveError {
	return new LiveError(
		'UNAVAILABLE',
		`${method}() of a stream works in the browser only, not while the server renders`
	);
}
