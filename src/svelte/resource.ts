// A stream as a component sees it. Svelte's effects decide how long it is subscribed on the wire: from the first effect
// (or store subscriber, or pending promise, or iterator) that uses it to the last. A read outside of effects tells what is
// known and subscribes to nothing.

import { untrack } from 'svelte';
import { createSubscriber } from 'svelte/reactivity';
import type { LiveError } from '../base/errors.ts';
import type { LiveResource, LiveSnapshot } from '../base/surface.ts';
import type { StreamState } from '../client/stream-state.ts';
import { frames } from './frames.ts';
import { LatestValues } from './latest-values.ts';
import { reap } from './seed.ts';
import { settled } from './settled.ts';
import type { StreamSource } from './stream-source.ts';

/** No value of a stream. */
const NOTHING = Symbol('nothing');

type Matters = (before: StreamState, after: StreamState) => boolean;

/**
 * Makes effects run again after the changes that matter to them, and only those. What they read then is the newest state,
 * also of changes that came while an animation frame was awaited.
 */
function tracker(stream: StreamSource, matters: Matters): () => void {
	return createSubscriber((update) => {
		const stop = stream.onChange(() => {
			const before = seen;
			seen = stream.state;
			// A change back matters too: somebody may have read the state in between.
			if (matters(before, seen)) frames.soon(update);
		});
		let seen = stream.state; // Listening may have changed it: whoever tracks reads it after this.
		return () => {
			frames.forget(update);
			stop();
		};
	});
}

/** A promise that has not settled yet settles by itself; only a later change makes it another promise. */
const promiseMatters: Matters = (before, after) =>
	(before.ready || before.error !== undefined) && (before.value !== after.value || before.error !== after.error);

export class StreamResource<Value, Events> implements LiveResource<Value, Events> {
	readonly #stream: StreamSource;
	readonly #seedKey: string;
	readonly #trackPromise: () => void;
	readonly #trackers = new Map<keyof StreamState, () => void>();

	constructor(stream: StreamSource, seedKey: string) {
		this.#stream = stream;
		this.#seedKey = seedKey;
		this.#trackPromise = tracker(stream, promiseMatters);
	}

	get current(): Value | undefined {
		// The type comes from the server's definition of the stream.
		return this.#read('value') as Value | undefined;
	}

	get ready(): boolean {
		return this.#read('ready');
	}

	get loading(): boolean {
		return this.#read('loading');
	}

	get error(): LiveError | undefined {
		return this.#read('error');
	}

	get connected(): boolean {
		return this.#read('connected');
	}

	/** The getter is what an `await` in a component reads synchronously, while Svelte still knows who asks. */
	get then(): PromiseLike<Value>['then'] {
		this.#trackPromise();
		if (!this.#stream.state.ready) void this.#takeSeed();
		return (onValue, onError) => (settled(this.#stream) as Promise<Value>).then(onValue, onError);
	}

	[Symbol.asyncIterator](): AsyncIterator<Value> {
		return new LatestValues<Value>(this.#stream);
	}

	subscribe(run: (value: Value | undefined) => void): () => void {
		let given: unknown = NOTHING;
		const give = () => {
			const { value } = this.#stream.state;
			if (value !== given) run((given = value) as Value | undefined);
		};
		const stop = this.#stream.onChange(() => frames.soon(give));
		give();
		return () => {
			frames.forget(give);
			stop();
		};
	}

	hydrate(snapshot: LiveSnapshot<Value>): this {
		// Untracked, so that `$derived(cards(id).hydrate(data.cards))` may change what other components show.
		untrack(() => frames.atOnce(() => this.#stream.hydrate(snapshot)));
		return this;
	}

	optimistic<Name extends keyof Events & string>(event: Name, data: Events[Name]): () => void {
		const takeBack = frames.atOnce(() => this.#stream.optimistic(event, data));
		return () => frames.atOnce(takeBack);
	}

	mutate<Name extends keyof Events & string, Result>(
		event: Name,
		data: Events[Name],
		run: () => Promise<Result>
	): Promise<Result> {
		return frames.atOnce(() => this.#stream.mutate(event, data, run));
	}

	refresh(): Promise<void> {
		return this.#stream.refresh();
	}

	get hasMore(): boolean {
		return this.#read('hasMore');
	}

	loadMore(): Promise<void> {
		return this.#stream.loadMore();
	}

	#read<Name extends keyof StreamState>(name: Name): StreamState[Name] {
		let track = this.#trackers.get(name);
		if (!track) {
			track = tracker(this.#stream, (before, after) => before[name] !== after[name]);
			this.#trackers.set(name, track);
		}
		track();
		return this.#stream.state[name];
	}

	async #takeSeed(): Promise<void> {
		const seed = await reap(this.#seedKey);
		if (seed && !this.#stream.state.ready) this.#stream.hydrate(seed);
	}
}
