// A stream of the client without a client: tests set its state by hand and count its listeners.

import type { LiveSnapshot } from '../../src/base/surface.ts';
import type { StreamState } from '../../src/client/stream-state.ts';
import type { StreamSource } from '../../src/svelte/stream-source.ts';

export class MemoryStream implements StreamSource {
	state: StreamState = {
		value: undefined,
		ready: false,
		loading: true,
		error: undefined,
		connected: false,
		hasMore: false
	};
	readonly calls: unknown[][] = [];
	readonly #listeners = new Set<() => void>();

	get listeners(): number {
		return this.#listeners.size;
	}

	set(change: Partial<StreamState>): void {
		this.state = { ...this.state, ...change };
		for (const listener of this.#listeners) listener();
	}

	/** As the client does when a value arrives. */
	receive(value: unknown): void {
		this.set({ value, ready: true, loading: false, connected: true, error: undefined });
	}

	onChange(listener: () => void): () => void {
		const own = () => listener();
		this.#listeners.add(own);
		return () => this.#listeners.delete(own);
	}

	hydrate(snapshot: LiveSnapshot<unknown>): void {
		this.set({ value: snapshot.value, ready: true, loading: false });
	}

	optimistic(event: string, data: unknown): () => void {
		this.calls.push(['optimistic', event, data]);
		return () => this.calls.push(['taken back', event]);
	}

	mutate<Result>(event: string, data: unknown, run: () => Promise<Result>): Promise<Result> {
		this.calls.push(['mutate', event, data]);
		return run();
	}

	refresh(): Promise<void> {
		this.calls.push(['refresh']);
		return Promise.resolve();
	}

	loadMore(): Promise<void> {
		this.calls.push(['loadMore']);
		return Promise.resolve();
	}
}
