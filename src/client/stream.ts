// One stream as the browser keeps it: the life of its subscription, and the state that users see. It takes an event only
// when that follows what it has; wherever something is missing it asks for it, and until the answer it takes nothing.

import { backoffMs } from '../base/backoff.ts';
import type { Timer } from '../base/clock.ts';
import type { LiveError } from '../base/errors.ts';
import type { LiveSnapshot } from '../base/surface.ts';
import type { Position } from '../protocol/position.ts';
import { INVALIDATED } from '../protocol/stream.ts';
import type { DataVersion, ResetReason, Resumed, Snapshot, StreamEvent } from '../protocol/stream.ts';
import type { Applied, ClientSettings } from './options.ts';
import { Pages } from './pages.ts';
import type { Phase, Refresh, StreamState } from './stream-state.ts';
import { callAll, type Updates } from './updates.ts';
import { View, type PendingEvent } from './view.ts';

/** What a stream needs of the client. */
export interface StreamHost {
	readonly settings: ClientSettings;
	readonly updates: Updates;
	/** Subscribes from a position, with the next connection where there is none now. Returns why that cannot be. */
	join(stream: ClientStream, position: Position | null): LiveError | undefined;
	/** Ends the subscription where there is one. */
	leave(stream: ClientStream): void;
	/** Runs a function of the server that changes nothing. */
	ask(path: string, args: readonly unknown[]): Promise<unknown>;
	/** Asks for what follows a position. */
	catchUp(stream: ClientStream, position: Position): void;
	/** Whether anyone uses the stream. Where nobody does, `client.stream` makes another one. */
	keep(stream: ClientStream, used: boolean): void;
}

type Wanted = Pick<ClientStream, 'path' | 'args' | 'key' | 'version'>;

export class ClientStream {
	readonly path: string;
	readonly args: readonly unknown[];
	/** Of the rows that the page was built for; undefined where that does not say. */
	readonly version: number | undefined;
	/** The same for the same path and arguments. */
	readonly key: string;
	readonly #host: StreamHost;
	readonly #listeners = new Set<() => void>();
	readonly #eventListeners = new Set<(event: string, data: unknown) => void>();
	readonly #view = new View();
	readonly #pages: Pages;
	/** @internal the state of the data that the server says it is, or was when it last said so */
	since: DataVersion | undefined;
	#phase: Phase = 'off';
	#position: Position | null = null;
	/** Whether what was loaded does not hold any more: then nothing is resumed. */
	#isStale = false;
	#error: LiveError | undefined;
	#failures = 0;
	/** Runs while nobody listens. */
	#lingerTimer: Timer;
	/** Runs while a failed stream waits for its next attempt. */
	#retryTimer: Timer;
	#refreshes: Refresh[] = [];
	#state: StreamState;

	constructor(host: StreamHost, { path, args, key, version }: Wanted) {
		this.path = path;
		this.args = args;
		this.version = version;
		this.key = key;
		this.#host = host;
		this.#pages = new Pages({
			ask: (name, cursor) => host.ask(name, [path, args, cursor, ...(version ? [version] : [])]),
			extend: (rows, events) => host.updates.run(() => (this.#view.extend(rows, events), this.#change()))
		});
		this.#state = this.#read();
		this.#linger();
	}

	get state(): StreamState {
		return this.#state;
	}

	/**
	 * Calls `listener` after every change of `state`, once per frame of the server. The first listener subscribes; a while
	 * after the last one has left (`lingerMs`) the subscription ends. Returns what removes the listener, and never calls it
	 * before it has returned.
	 */
	onChange(listener: () => void): () => void {
		const entry = () => listener();
		this.#host.updates.run(() => this.#use());
		this.#listeners.add(entry);
		return () => {
			if (this.#listeners.delete(entry)) this.#linger();
		};
	}

	/**
	 * Calls `listener` with each event after it was applied, while somebody listens to changes. Returns what removes it.
	 * @internal
	 */
	onEvent(listener: (event: string, data: unknown) => void): () => void {
		this.#eventListeners.add(listener);
		return () => void this.#eventListeners.delete(listener);
	}

	/** Shows what the server loaded for the page, unless the stream has something newer, and goes on from there. */
	hydrate(snapshot: LiveSnapshot<unknown>): void {
		const { position, version = this.version } = snapshot;
		const ours = this.#position;
		const known = ours && ours.epoch === position?.epoch && ours.offset >= position.offset;
		if (known || this.#isCurrent || version !== this.version) return; // a later build's server may have loaded it
		this.#load(snapshot);
		this.#change();
	}

	/** Shows an event at once. It ends when the server's own event for the same key arrives, or by the function returned. */
	optimistic(event: string, data: unknown): () => void {
		const entry = this.#add(event, data, false);
		return () => this.#remove(entry);
	}

	/**
	 * Shows an event while `run` is in progress. When it resolves, the server's own events have taken over; when it
	 * rejects, the event is taken back.
	 */
	async mutate<Result>(event: string, data: unknown, run: () => Promise<Result>): Promise<Result> {
		const entry = this.#add(event, data, true);
		try {
			const result = await run();
			// Events that a call published arrive before its result, unless this stream waits for what it missed.
			entry.settled = this.#phase === 'behind' || this.#phase === 'joining';
			return result;
		} finally {
			entry.held = false;
			if (!entry.settled) this.#remove(entry);
		}
	}

	/** Loads the value anew; the old one stays until then. Rejects where the server refuses. */
	async refresh(): Promise<void> {
		const subscribed = this.#phase !== 'off';
		const loaded = new Promise<void>((resolve, reject) => this.#refreshes.push({ resolve, reject }));
		const leave = this.onChange(() => {});
		if (subscribed) this.#host.updates.run(() => this.join());
		await loaded.finally(leave);
	}

	/** Loads the next page of a list that goes on. Rejects where the server refuses. */
	loadMore(): Promise<void> {
		return this.#pages.load();
	}

	/**
	 * The connection is lost; `final`: no attempt follows by itself.
	 * @internal
	 */
	disconnected(error: LiveError, final: boolean): void {
		this.#host.updates.forget(this.#retryTimer);
		this.#phase = 'joining';
		if (final) this.#refuse(error);
		this.#change();
	}

	/**
	 * What brings the stream up to date.
	 * @internal
	 */
	receiveState(message: Snapshot | Resumed): void {
		const ours = this.#position;
		const { since } = message;
		if (message.kind === 'snapshot') {
			this.since = since;
			this.#load(message);
			for (const refresh of this.#refreshes.splice(0)) refresh.resolve();
		} else if (since !== undefined) {
			this.since = since;
			this.#position = message.position;
		} else if (ours && ours.offset >= message.position.offset) {
			// A log that outlives its server goes on in a new epoch: the server vouches that ours leads up to it.
			this.#position = { epoch: message.position.epoch, offset: ours.offset };
		} else {
			// Events that the server has sent were dropped on the way: those between ours and its idea of ours are missing.
			this.receiveReset('slow');
			return this.join();
		}
		this.#goLive(message.events);
	}

	/** @internal */
	receiveReset(reason: ResetReason): void {
		const { settings, updates } = this.#host;
		updates.afterwards(() => settings.onReset?.(this.path, reason));
		this.#position = null; // should an error follow, or the connection break, the next attempt begins anew
		if (this.#phase === 'live') this.#phase = 'behind';
	}

	/** @internal */
	receiveEvent(message: StreamEvent): void {
		const { offset, event, data } = message;
		if (this.#phase !== 'live') return;
		const last = this.#position;
		if (last && offset > 0) {
			if (offset <= last.offset) return;
			if (event && offset > last.offset + 1) return this.#catchUp(last);
			this.#position = { epoch: last.epoch, offset };
		}
		if (event === INVALIDATED) this.#isStale ||= data === null || data === this.path;
		if (!event || event === INVALIDATED) return;
		this.#view.apply(event, data);
		this.#pages.applied(message);
		this.#applied({ kind: 'event', event, data });
		for (const listener of this.#eventListeners) this.#host.updates.afterwards(() => listener(event, data));
		this.#change();
	}

	#load({ value, position, merge, cursor }: LiveSnapshot<unknown>): void {
		this.#position = position;
		this.#pages.begin(cursor ?? null);
		this.#isStale = false;
		this.#view.load(value, merge, cursor !== undefined && this.since === undefined); // with a state, null fills a place
		this.#applied({ kind: 'value', value, merge });
	}

	#applied(change: Applied['change']): void {
		const { settings, updates } = this.#host;
		if (!settings.onApply) return;
		const applied = { path: this.path, args: this.args, position: this.#position, change };
		updates.afterwards(() => settings.onApply?.(applied));
	}

	/**
	 * The server tells where the topic's log ends now.
	 * @internal
	 */
	receiveHead(offset: number): void {
		const last = this.#position;
		if (this.#phase === 'live' && last && offset > last.offset) this.#catchUp(last);
	}

	/**
	 * The server ended the subscription.
	 * @internal
	 */
	receiveError(error: LiveError): void {
		const { settings, updates } = this.#host;
		updates.afterwards(() => settings.onError?.(error, this.path));
		this.#phase = 'failed';
		this.#view.removeSettled();
		// One failure that may pass is not worth alarming anyone; a second one in a row is.
		if (!error.retryable || this.#failures > 0) this.#refuse(error);
		if (error.retryable) this.#retryLater(error);
		this.#change();
	}

	#change(): void {
		this.#host.updates.afterwards(this.#publish);
	}

	/** Tells the listeners what has changed. */
	readonly #publish = (): void => {
		const next = this.#read();
		const names = Object.keys(next) as (keyof StreamState)[];
		if (names.every((name) => this.#state[name] === next[name])) return;
		this.#state = next;
		callAll(this.#listeners);
	};

	#read(): StreamState {
		const { value, ready } = this.#view;
		const { hasMore } = this.#pages;
		const error = this.#error;
		return { value, ready, loading: !ready && !error, error, connected: this.#isCurrent, hasMore };
	}

	#use(): void {
		this.#host.updates.forget(this.#lingerTimer);
		this.#host.keep(this, true);
		if (this.#phase !== 'off') return;
		this.#error = undefined;
		this.join();
	}

	/** Ends the subscription in a while, unless somebody comes back. */
	#linger(): void {
		if (this.#listeners.size > 0) return;
		const { settings, updates } = this.#host;
		this.#lingerTimer = updates.after(settings.lingerMs, this.#lingerTimer, () => this.#leave());
	}

	#leave(): void {
		this.#host.updates.forget(this.#retryTimer);
		this.#host.leave(this);
		this.#host.keep(this, false);
		this.#phase = 'off';
		this.#view.removeSettled();
		this.#change();
	}

	/**
	 * Subscribes, in place of the subscription there may be.
	 * @internal
	 */
	join(): void {
		this.#host.updates.forget(this.#retryTimer);
		this.#host.leave(this);
		this.#phase = this.#isCurrent ? 'behind' : 'joining';
		const refusal = this.#host.join(this, this.#refreshes.length > 0 || this.#isStale ? null : this.#position);
		if (refusal) this.#refuse(refusal);
		this.#change();
	}

	get #isCurrent(): boolean {
		return this.#phase === 'live' || this.#phase === 'behind';
	}

	#goLive(events: readonly StreamEvent[]): void {
		this.#phase = 'live';
		this.#failures = 0;
		this.#error = undefined;
		for (const event of events) this.receiveEvent(event);
		// An event in the list may have shown another hole.
		if ((this.#phase as Phase) === 'live') this.#view.removeSettled();
		this.#change();
	}

	#catchUp(position: Position): void {
		this.#phase = 'behind';
		this.#host.catchUp(this, position);
	}

	#refuse(error: LiveError): void {
		this.#error = error;
		for (const refresh of this.#refreshes.splice(0)) refresh.reject(error);
	}

	#retryLater(error: LiveError): void {
		const { settings, updates } = this.#host;
		const drawn = backoffMs(this.#failures++, settings.random(), settings.backoff);
		const delayMs = Math.max(drawn, error.retryAfterMs ?? 0);
		this.#retryTimer = updates.after(delayMs, this.#retryTimer, () => this.join());
	}

	#add(event: string, data: unknown, held: boolean): PendingEvent {
		const entry = this.#view.add(event, data, held);
		this.#change();
		return entry;
	}

	#remove(entry: PendingEvent): void {
		this.#view.remove(entry);
		this.#change();
	}
}
