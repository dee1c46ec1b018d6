// A view that knows its rows: filtered, sorted or limited. It is a log of its own: its readers share its events and one
// snapshot of what it holds. What was loaded for it is followed by the topic's events, from where the topic stood before.

import { LiveError } from '../../base/errors.ts';
import type { MaybePromise } from '../../base/maybe-promise.ts';
import type { Position } from '../../protocol/position.ts';
import { decodeEventBody, INVALIDATED, isControl, type EventBody } from '../../protocol/stream.ts';
import { encodeValue, type ValueText } from '../../protocol/value.ts';
import type { LogEntry } from '../backplane.ts';
import type { Broadcast, TopicTap } from '../hub-topic.ts';
import { loadValue } from '../load-value.ts';
import type { ReadTopic, SharedRows, TopicRead, TopicReader } from '../read-topic.ts';
import { LoadsOfTopic } from '../loads-of-topic.ts';
import { withTimeout } from '../timeout.ts';
import { Audience } from './audience.ts';
import type { GroupOptions } from './group.ts';
import { RecentEvents } from './recent-events.ts';
import { Replica } from './replica.ts';

/** How often rows are loaded anew when the log lost their position meanwhile. */
const ATTEMPTS = 3;

export class RowView implements ReadTopic, TopicTap {
	readonly name;
	readonly isView = true;
	/** Unused: its readers share its rows. */
	readonly loads = new LoadsOfTopic();
	readonly #options: GroupOptions;
	readonly #audience: Audience;
	#recent: RecentEvents;
	/** What the readers have. */
	#current: Replica | null = null;
	/** What is being loaded, to take its place. */
	#next: Replica | null = null;
	#ready: Promise<void>;
	/** Whether what is being loaded may be without what came meanwhile. */
	#isStale = false;
	#isOver = false;
	#restarts = 0;
	readonly #over = Promise.withResolvers<void>();
	/** Counts beginnings: a load of an earlier one is not gone on with. */
	#turn = 0;
	/** The list as it is sent; null where it has changed since. */
	#text: ValueText | null = null;

	constructor(options: GroupOptions) {
		const { topic, topics } = options;
		this.name = topic.name;
		this.#options = options;
		this.#audience = new Audience(topics, 0);
		this.#recent = new RecentEvents(options.epoch);
		this.#ready = this.#over.promise;
	}

	/** @internal once, when it can be found by whoever may end it */
	start(): void {
		this.#options.topic.tap(this);
		this.#ready = this.#begin();
	}

	get alias() {
		return this.#audience.alias;
	}

	get feeds(): Set<TopicReader> {
		return this.#audience.feeds;
	}

	get readers(): number {
		return this.feeds.size;
	}

	get head(): Position {
		return this.#recent.head;
	}

	get isOver(): boolean {
		return this.#isOver;
	}

	get rows(): SharedRows {
		return this;
	}

	get isReady(): boolean {
		return this.#current !== null;
	}

	/** Resolves when there is a value, or the view is over. Rejects where it cannot be loaded. */
	get ready(): Promise<void> {
		return this.#ready;
	}

	/** What the readers have, at `head`. */
	get text(): ValueText {
		return (this.#text ??= encodeValue(this.#current?.rows.list ?? []));
	}

	/** Nobody reads it any more, or everybody has to join anew. */
	end(): void {
		this.#close();
		this.#audience.disconnect();
	}

	#close(): void {
		this.#isOver = true;
		this.#over.resolve();
		this.#options.topic.untap(this);
		this.#drop();
	}

	#drop(): void {
		this.#turn++;
		this.#current?.end();
		this.#next?.end();
		this.#current = this.#next = null;
	}

	#begin(): Promise<void> {
		const ready = Promise.race([this.#load(++this.#turn), this.#over.promise]);
		ready.catch(() => {}); // whoever waits for it is told
		return ready;
	}

	/** Loads rows until what was loaded is what the log leads on from. */
	async #load(turn: number): Promise<void> {
		for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
			const replica = this.#makeReplica();
			this.#next = replica;
			this.#isStale = false;
			await this.#filled(replica);
			if (turn !== this.#turn) return this.#ready;
			if (this.#next === replica) return this.#replace(replica);
		}
		const message = `"${this.#options.run.path}" changes faster than it can be loaded`;
		throw new LiveError('UNAVAILABLE', message, { retryAfterMs: 1_000 });
	}

	#makeReplica(): Replica {
		const replica: Replica = new Replica(this.#options, {
			changed: (bodies, conflationKey) => {
				if (replica === this.#current && !this.#isOver) this.#emit(bodies, conflationKey);
			},
			torn: () => this.#torn(replica),
			failed: (error) => replica === this.#current && this.#fail(error)
		});
		return replica;
	}

	async #filled(replica: Replica): Promise<void> {
		const { run, topics, args, loadContext } = this.#options;
		const { definition, path, clock, limits } = run;
		const load = (): MaybePromise<unknown> => loadValue(definition, loadContext, args);
		const span = topics.observer?.span;
		const filled = replica.fill(() => (span === undefined ? load() : span('load', path, load)));
		try {
			await withTimeout(filled, { clock, limitMs: limits.callTimeoutMs, what: path });
		} catch (error) {
			replica.end();
			throw error;
		}
	}

	/** The rows that were loaded take the place of those before. */
	#replace(replica: Replica): void {
		const isFirst = this.#current === null;
		this.#current?.end();
		this.#current = replica;
		this.#next = null;
		this.#text = null;
		if (!isFirst) this.#emit([replica.rows.whole], null);
		if (this.#isStale) this.#reload();
	}

	/** Loads anew, while the readers keep what they have. */
	#reload(): void {
		const turn = this.#turn;
		this.#load(turn).catch((error: unknown) => turn === this.#turn && this.#fail(error));
	}

	#emit(bodies: readonly EventBody[], conflationKey: string | null): void {
		this.#text = null;
		if (this.#options.run.definition.ephemeral) return this.#audience.send(bodies, conflationKey);
		for (const body of bodies) this.#audience.add(body, this.#recent.add(body));
	}

	/** The log does not lead on: everybody starts from rows that are loaded anew. */
	#torn(replica: Replica): void {
		if (replica === this.#next) this.#next = null;
		if (replica !== this.#current) return;
		this.#restart();
	}

	#restart(): void {
		this.#drop();
		this.#recent = new RecentEvents(`${this.#options.epoch}.${++this.#restarts}`);
		this.#ready = this.#begin();
		this.#audience.restart(0);
	}

	/** Its readers are told why it ends, and try it again. */
	#fail(error: unknown): void {
		if (this.#isOver) return;
		this.#options.onFailed(error);
	}

	/** Ends all readers with an error. */
	failAll(error: unknown): void {
		this.#close();
		for (const feed of this.feeds) feed.failed?.(error);
	}

	read(after: Position): TopicRead {
		return this.#recent.read(after);
	}

	check(): void {}

	entry(entry: LogEntry): void {
		this.#current?.entry(entry);
		this.#next?.entry(entry);
		if (isControl(entry.body)) this.#control(entry.body);
	}

	broadcast(event: Broadcast): void {
		if (isControl(event.body)) return this.#control(event.body);
		this.#current?.broadcast(event);
		this.#next?.broadcast(event);
	}

	#control(body: EventBody): void {
		const { event, data } = decodeEventBody(body);
		if (event !== INVALIDATED || (data !== null && data !== this.#options.run.path)) return;
		if (this.#next === null) this.#reload();
		else this.#isStale = true;
	}

	disconnected(): void {
		this.#restart();
	}

	flushTo(feed: TopicReader): void {
		this.#audience.flushTo(feed);
	}

	/** Every event of the view is for all of its readers. */
	bringToHead(): void {}
}
