// Brings a stream up to date: from the log, or by a value that is loaded for it, alone or with others.
//
// The hand-over has no gap because its last step happens in one go: when everything up to the head of this process has
// been read from the log, the stream is sent what it misses and joins the live events before anything else can run.

import { LiveError } from '../base/errors.ts';
import { isPromise, type MaybePromise } from '../base/maybe-promise.ts';
import type { Position } from '../protocol/position.ts';
import {
	encodeReset,
	encodeResumed,
	encodeSnapshot,
	type DataVersion,
	type ResetReason,
	type SnapshotParts
} from '../protocol/stream.ts';
import { Closing } from './closing.ts';
import { changesSince } from './delta.ts';
import type { Feed } from './feed.ts';
import { MissedEvents, type Encode } from './missed-events.ts';
import type { Loaded, SharedLoad } from './shared-load.ts';
import { shown, StreamLoader, type LoaderParts, type Sending } from './stream-loader.ts';
import { mergeOfView } from './views/view.ts';

/** How often a load is repeated when the log lost its position meanwhile, before the stream fails. */
const LOAD_ATTEMPTS = 3;

/** The stream, as far as its hand-over minds. */
export interface HandedOver {
	readonly id: number;
	readonly isClosed: boolean;
	/** What it reads; joined anew where that is over. Null where the stream was closed meanwhile. */
	currentFeed(): Promise<Feed | null>;
	/** It has a new value: it gets no live events until it is sent that. */
	pause(): void;
	goLive(feed: Feed, position: Position, message: string): void;
	/** What it was sent was loaded before its topic was invalidated. */
	wentStale(): void;
}

export interface HandOverParts extends LoaderParts {
	/** What the client says that its data is. */
	readonly since: DataVersion | undefined;
}

/** done: it is live, or closed · over: what it reads has ended · invalidated: what it misses cannot bring it up to date */
type Joined = 'done' | 'over' | 'invalidated' | ResetReason;

/** Where it stands, and the reason for a new value, should it take one. */
interface Standing {
	readonly from: Position | null;
	readonly why: ResetReason | null;
}

/** What came of an attempt: it is live or closed, or has to go on from here. */
type Attempt = 'done' | Standing;

export class HandOver {
	readonly #stream: HandedOver;
	readonly #parts: HandOverParts;
	/** The state of the data that the client has, or a later one. */
	#since: DataVersion | undefined;
	readonly #closing = new Closing();
	readonly #loader: StreamLoader;

	constructor(stream: HandedOver, parts: HandOverParts) {
		this.#stream = stream;
		this.#parts = parts;
		this.#since = parts.since;
		this.#loader = new StreamLoader(parts, this.#closing);
	}

	/** The stream was closed: what hangs must not hold a place among the loads for ever. */
	close(): void {
		this.#closing.close();
	}

	/** @param why the reason for a new value, should it take one. @returns when the stream is live or closed */
	async bringUpToDate(from: Position | null, why: ResetReason | null = null): Promise<void> {
		await this.#inTurn((feed, standing) => this.#attempt(feed, standing), { from, why });
	}

	/** Loads the value anew, and sends it when it is there. */
	async reload(): Promise<void> {
		const start = { from: null, why: null };
		await this.#inTurn((feed, { why }) => this.#sendValue(feed, { why, isReload: true }), start);
	}

	async #inTurn(run: (feed: Feed, standing: Standing) => Promise<Attempt>, start: Standing): Promise<void> {
		const { host } = this.#parts;
		await host.loads.enter();
		try {
			await host.room();
			let attempt: Attempt = start;
			while (attempt !== 'done') {
				const feed = this.#isClosed ? null : await this.#stream.currentFeed();
				attempt = feed === null ? 'done' : await run(feed, attempt);
			}
		} finally {
			host.loads.leave();
		}
	}

	get #isClosed(): boolean {
		return this.#stream.isClosed;
	}

	async #attempt(feed: Feed, { from, why }: Standing): Promise<Attempt> {
		const { host, definition } = this.#parts;
		if (from === null || definition.ephemeral) return this.#sendValue(feed, { why, isReload: false });
		const resumed = this.#resumed(feed);
		const missed = new MissedEvents(from, resumed, resumed);
		const joined = await this.#joinLive(feed, missed);
		if (joined === 'over') return { from: missed.reached, why };
		if (joined !== 'done') {
			const changed = joined === 'invalidated' ? null : await this.#sendChanges(feed);
			return changed ?? this.#sendValue(feed, { why: joined === 'invalidated' ? null : joined, isReload: false });
		}
		if (!this.#isClosed) host.observer?.streamCaughtUp?.(this.#parts.path, why === null ? 'resumed' : 'slow');
		return 'done';
	}

	/** What has changed since the state of the data that the client has. Null where it needs a whole value. */
	async #sendChanges(feed: Feed): Promise<Attempt | null> {
		const { definition, context, args } = this.#parts;
		const { topic } = feed;
		const since = this.#since;
		if (!definition.delta || since === undefined || topic.rows) return null;
		const position = topic.head; // before the changes: what happens meanwhile is behind it
		const shownAs = (rows: readonly unknown[]): MaybePromise<unknown> => shown(topic, rows);
		const request = { delta: definition.delta, definition, context, args, since, shownAs };
		const changes = await this.#closing.before(changesSince(request));
		if (this.#isClosed) return 'done';
		if (changes === null) return null;
		const encode: Encode = (at, events) => {
			const parts = this.#snapshotParts(feed, at, [...changes.events, ...events]);
			return encodeResumed({ ...parts, position: at, since: changes.since });
		};
		const missed = new MissedEvents(position, encode, this.#resumed(feed), true);
		const joined = await this.#joinLive(feed, missed);
		if (missed.isBegun) this.#since = changes.since;
		if (joined === 'over') return { from: missed.isBegun ? missed.reached : null, why: null };
		return joined === 'done' ? 'done' : null;
	}

	async #sendValue(feed: Feed, sending: Sending): Promise<Attempt> {
		const { rows } = feed.topic;
		if (rows) return this.#sendRows(feed, rows, sending);
		let load = this.#loader.first(feed.topic, sending);
		let { why } = sending;
		for (let attempt = 0; attempt < LOAD_ATTEMPTS; attempt++) {
			const outcome = await this.#deliverLoad(feed, load, { ...sending, why });
			if (outcome === 'done') this.#observeReset(why);
			if (outcome === 'done' || 'from' in outcome) return outcome;
			why = outcome.why;
			load = await this.#loader.alone(feed.topic, sending);
		}
		throw new LiveError('UNAVAILABLE', `"${this.#parts.path}" changes faster than it can be loaded`, {
			retryAfterMs: 1_000
		});
	}

	/** A view has its rows for all who read it. */
	async #sendRows(feed: Feed, rows: NonNullable<Feed['topic']['rows']>, { why }: Sending): Promise<Attempt> {
		const { topic } = feed;
		while (!rows.isReady && !topic.isOver && !this.#isClosed) await this.#closing.before(rows.ready);
		if (this.#isClosed) return 'done';
		if (topic.isOver) return { from: null, why };
		this.#stream.pause();
		const position = this.#parts.definition.ephemeral ? null : topic.head;
		const message = encodeSnapshot(this.#snapshotParts(feed, position, []), rows.text);
		this.#stream.goLive(feed, topic.head, this.#reset(why) + message);
		this.#observeReset(why);
		return 'done';
	}

	#reset(why: ResetReason | null): string {
		return why === null ? '' : `${encodeReset(this.#stream.id, why)}\n`;
	}

	#observeReset(reason: ResetReason | null): void {
		if (reason !== null && !this.#isClosed) this.#parts.host.observer?.streamReset?.(this.#parts.path, reason);
	}

	/** Returns why the load that has to follow this one does not connect with what the client has, where one has to. */
	async #deliverLoad(
		feed: Feed,
		load: SharedLoad,
		sending: Sending
	): Promise<Attempt | { readonly why: ResetReason | null }> {
		const { loads } = feed.topic;
		loads.hold(load);
		try {
			const loaded = await this.#loader.valueOf(load);
			if (this.#isClosed) return 'done';
			if (feed.topic.isOver) return { from: null, why: sending.why };
			if (loaded === null) return { why: sending.why };
			this.#stream.pause();
			return await this.#deliver(feed, load, { ...sending, loaded });
		} finally {
			loads.letGo(load);
		}
	}

	async #deliver(
		feed: Feed,
		load: SharedLoad,
		{ why, loaded }: Sending & { readonly loaded: Loaded }
	): Promise<Attempt | { readonly why: ResetReason | null }> {
		const reset = this.#reset(why);
		const facts = { cursor: loaded.cursor, since: (this.#since = loaded.since) };
		if (this.#parts.definition.ephemeral) {
			const parts = this.#snapshotParts(feed, null, load.events);
			if (load.isStale) this.#stream.wentStale();
			this.#stream.goLive(feed, feed.topic.head, reset + encodeSnapshot({ ...parts, ...facts }, loaded.value));
			return 'done';
		}
		const snapshot: Encode = (position, events) =>
			reset + encodeSnapshot({ ...this.#snapshotParts(feed, position, events), ...facts }, loaded.value);
		const missed = new MissedEvents(load.position, snapshot, this.#resumed(feed), true);
		const joined = await this.#joinLive(feed, missed);
		if (joined === 'over') return { from: missed.isBegun ? missed.reached : null, why };
		if (joined === 'done') return joined;
		// A part may have been sent, and the log have forgotten what follows it while the client took that.
		return { why: missed.isBegun ? (joined as ResetReason) : why };
	}

	/**
	 * Reads what is missed from the log until nothing is, sends it and goes live. What is too much for one message goes in
	 * several, each when the client has taken the one before.
	 */
	async #joinLive(feed: Feed, missed: MissedEvents): Promise<Joined> {
		const { topic } = feed;
		while (!this.#isClosed) {
			const pending = topic.read(missed.position);
			const result = isPromise(pending) ? await pending : pending;
			if (this.#isClosed) return 'done';
			if (topic.isOver) return 'over';
			if (result.kind === 'reset') {
				await topic.check(); // the next load begins where the log is now
				return this.#isClosed ? 'done' : result.reason;
			}
			const isAll = missed.take(result, this.#parts.host.partBytes);
			const isStale = missed.invalidates(this.#parts.path);
			if (isStale && !missed.hasValue) return 'invalidated';
			if (!isAll) {
				this.#parts.host.send(missed.message());
				await this.#parts.host.room();
			} else if (missed.position.epoch !== topic.head.epoch) {
				await topic.check(); // one of the two is of a log that has been replaced
				if (!this.#isClosed && missed.position.epoch !== topic.head.epoch) return 'epoch';
			} else if (missed.position.offset >= topic.head.offset) {
				// Nothing has waited since the log was read: an event that came in between would be lost.
				if (isStale) this.#stream.wentStale();
				this.#stream.goLive(feed, missed.position, missed.message());
				return 'done';
			}
		}
		return 'done';
	}

	#resumed(feed: Feed): Encode {
		return (position, events) => encodeResumed({ ...this.#snapshotParts(feed, position, events), position });
	}

	#snapshotParts(feed: Feed, position: Position | null, events: readonly string[]): SnapshotParts {
		const { view, merge } = this.#parts.definition;
		return {
			id: this.#stream.id,
			alias: feed.topic.alias,
			position,
			merge: mergeOfView(view ?? null, merge),
			events
		};
	}
}
