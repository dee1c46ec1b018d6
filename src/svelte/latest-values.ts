// A stream as an async iterator. It keeps no queue: a consumer that is slower than the stream skips to the latest value.

import type { StreamSource } from './stream-source.ts';

interface Waiting<Value> {
	resolve(result: IteratorResult<Value, undefined>): void;
	reject(reason: unknown): void;
}

const NONE = Symbol('no value yet');

/**
 * Yields the current value, then the latest one whenever it has changed; values that came and went between two calls of
 * `next` are skipped. Subscribes with the first `next`; `return` (a `break` out of `for await`) ends the subscription,
 * and so does the stream's error, which it throws.
 */
export class LatestValues<Value> implements AsyncIterator<Value, undefined> {
	readonly #stream: StreamSource;
	readonly #waiting: Waiting<Value>[] = [];
	#given: unknown = NONE;
	#stop: (() => void) | undefined;
	#done = false;

	constructor(stream: StreamSource) {
		this.#stream = stream;
	}

	next(): Promise<IteratorResult<Value, undefined>> {
		return new Promise((resolve, reject) => {
			if (this.#done) return resolve({ done: true, value: undefined });
			this.#waiting.push({ resolve, reject });
			this.#stop ??= this.#stream.onChange(() => this.#deliver());
			this.#deliver();
		});
	}

	return(): Promise<IteratorResult<Value, undefined>> {
		this.#end();
		return Promise.resolve({ done: true, value: undefined });
	}

	#deliver(): void {
		const { error, ready, value } = this.#stream.state;
		const changed = ready && value !== this.#given;
		const waiting = changed || error ? this.#waiting.shift() : undefined;
		if (!waiting) return;
		if (changed) {
			this.#given = value;
			// The type comes from the server's definition of the stream.
			waiting.resolve({ done: false, value: value as Value });
		} else {
			waiting.reject(error);
			this.#end();
		}
	}

	#end(): void {
		this.#done = true;
		this.#stop?.();
		for (const waiting of this.#waiting.splice(0)) waiting.resolve({ done: true, value: undefined });
	}
}
