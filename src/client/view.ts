// What a stream shows: the confirmed value with the pending events replayed on top. Pending events are kept as events,
// never as copies of a value, so that taking one back cannot lose or resurrect what the server did meanwhile.

import type { MergeSpec } from '../base/merge.ts';
import type { StreamEvent } from '../protocol/stream.ts';
import { Draft } from './merge/draft.ts';
import { MERGES } from './merge/kinds.ts';

/** An event that the server has not confirmed. */
export interface PendingEvent {
	readonly event: string;
	readonly data: unknown;
	/** Whether a call in progress holds it: then a snapshot, which may be older than the call's effect, does not end it. */
	held: boolean;
	/** Its call has succeeded, and the server's own event is known to be on its way. */
	settled: boolean;
}

export class View {
	#confirmed: Draft | null = null;
	#isPaged = false;
	/** Whether a row came that was not loaded. */
	#hasNew = false;
	#pending: PendingEvent[] = [];
	/** The value with the pending events; null where it must be made. */
	#shown: { value: unknown } | null = null;

	/** Whether there is a value. */
	get ready(): boolean {
		return this.#confirmed !== null;
	}

	/** The same value until something changes; undefined until the first snapshot. */
	get value(): unknown {
		this.#shown ??= { value: this.#replay() };
		return this.#shown.value;
	}

	/**
	 * Starts from a value that the server loaded.
	 * @param isPaged whether it is the first page of a list
	 */
	load(value: unknown, spec: MergeSpec, isPaged = false): void {
		this.#isPaged = isPaged;
		this.#hasNew = false;
		this.#confirmed = new Draft(value, spec);
		this.#supersedeLoaded(this.#confirmed);
		this.#shown = null;
	}

	/** Applies an event of the server. */
	apply(event: string, data: unknown): void {
		const draft = this.#confirmed;
		if (!draft) return;
		if (this.#isPaged && event === 'created') this.#comesFirst(draft, draft.keyOf(data));
		MERGES[draft.spec.kind](draft, event, data);
		if (this.#pending.length > 0) this.#supersede(draft, event, data);
		this.#shown = null;
	}

	/**
	 * Of the rows that came while it was loaded, a page may have the last ones only. All are told again, and those that it had
	 * no room for would stand before them: so behind such a row everyone that is told takes its place anew.
	 */
	#comesFirst(draft: Draft, key: unknown): void {
		if (this.#hasNew) draft.remove(key);
		else this.#hasNew = !draft.has(key);
	}

	/** Adds rows that were loaded behind those that are here, as they are after these events. */
	extend(rows: readonly unknown[], events: readonly StreamEvent[]): void {
		const confirmed = this.#confirmed;
		if (!confirmed) return;
		const page = new Draft(rows, confirmed.spec);
		for (const { event, data } of events) MERGES[page.spec.kind](page, event, data);
		confirmed.extend(page.value as unknown[]);
		this.#shown = null;
	}

	/** Shows an event before the server knows of it. */
	add(event: string, data: unknown, held: boolean): PendingEvent {
		const entry: PendingEvent = { event, data, held, settled: false };
		this.#pending.push(entry);
		this.#shown = null;
		return entry;
	}

	/** Takes a pending event back. */
	remove(entry: PendingEvent): void {
		this.#keep((other) => other !== entry);
	}

	/** Takes the events back whose own ones have arrived by now: the value is complete again. */
	removeSettled(): void {
		this.#keep((entry) => !entry.settled);
	}

	#keep(keeps: (entry: PendingEvent) => boolean): void {
		if (this.#pending.every(keeps)) return;
		this.#pending = this.#pending.filter(keeps);
		this.#shown = null;
	}

	#replay(): unknown {
		const confirmed = this.#confirmed;
		if (!confirmed || this.#pending.length === 0) return confirmed?.value;
		const draft = confirmed.fork();
		for (const { event, data } of this.#pending) MERGES[draft.spec.kind](draft, event, data);
		return draft.value;
	}

	/**
	 * What a call holds stays until the call ends: the event may be that of an earlier call for the same key, and the
	 * value would step back to it while the later ones are under way.
	 */
	#supersede(draft: Draft, event: string, data: unknown): void {
		const { kind } = draft.spec;
		if (kind === 'latest') return;
		if (kind === 'set') this.#keep((entry) => entry.held);
		else if (event === 'set') this.#supersedeLoaded(draft);
		else this.#keep((entry) => entry.held || draft.keyOf(entry.data) !== draft.keyOf(data));
	}

	/** A whole new value confirms what it holds. */
	#supersedeLoaded(draft: Draft): void {
		const { kind } = draft.spec;
		const holds = (data: unknown) => kind === 'set' || (kind !== 'latest' && draft.has(draft.keyOf(data)));
		this.#keep((entry) => entry.held || !holds(entry.data));
	}
}
