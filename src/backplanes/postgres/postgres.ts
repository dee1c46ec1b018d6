// Joins processes by a PostgreSQL database: the log is a table, and NOTIFY only says that it has grown. Invariant: what is
// delivered was committed, and what was committed is in the log in the order of its offsets, whatever was notified.

import { systemClock, type Clock } from '../../base/clock.ts';
import type { Position } from '../../protocol/position.ts';
import type { EventBody } from '../../protocol/stream.ts';
import type { TopicName } from '../../protocol/topic.ts';
import type { Backplane, BackplaneStatus, Delivery, ReadResult } from '../../server/backplane.ts';
import type { SharedStore } from '../../server/shared-store.ts';
import type { TopicLike } from '../../server/topic.ts';
import { Appender, unavailable } from './appender.ts';
import { messageOf, type PostgresClient } from './client.ts';
import { Cursors } from './cursors.ts';
import { HeadQueue } from './head-queue.ts';
import { Link } from './link.ts';
import { epochOf, PostgresLog, type AppendedHead, type Bounds } from './log.ts';
import { assertMigrated, migrate } from './migrations.ts';
import { Notifier } from './notifier.ts';
import { PostgresStore } from './store.ts';
import { Witness } from './witness.ts';
import { publishIn, type PublishInTransaction, type Transaction } from './transaction.ts';

export interface PostgresOptions {
	/** Where its tables and functions are, and the channel that it notifies. @default 'tidewire' */
	schema?: string;
	/** Whether `start` brings the schema up to date; otherwise it fails where that was not done by hand. @default true */
	migrate?: boolean;
	/** The most events that a topic keeps. @default 10000 */
	events?: number;
	/** The most bytes that they may have together. @default 67108864 */
	bytes?: number;
	/** How long they are kept, in milliseconds; null: as long as the other bounds allow. @default null */
	ageMs?: number | null;
	/** After which time without a reader or an event a topic is forgotten, in milliseconds. @default 604800000 (7 days) */
	idleMs?: number;
	/** How long anything that is asked of the server may take, in milliseconds. @default 2000 */
	timeoutMs?: number;
	/** The most appends of this process that wait for the server; more are rejected. @default 10000 */
	maxQueued?: number;
	/** @default the runtime's clock */
	clock?: Clock;
}

const DAY_MS = 24 * 60 * 60 * 1_000;
export const POSTGRES_DEFAULTS = {
	schema: 'tidewire',
	migrate: true,
	events: 10_000,
	bytes: 64 * 1024 * 1024,
	ageMs: null,
	idleMs: 7 * DAY_MS,
	timeoutMs: 2_000,
	maxQueued: 10_000,
	clock: systemClock
} satisfies PostgresOptions;

export type Settings = Required<PostgresOptions>;
export const settingsOf = (options: PostgresOptions): Settings => ({ ...POSTGRES_DEFAULTS, ...options });

const SWEEP_EVERY_MS = 60_000;

export class PostgresBackplane implements Backplane {
	readonly name = 'postgres';
	readonly store: SharedStore;
	/**
	 * Publishes within a transaction of the app: the event is delivered when that commits, and never when it does not. The
	 * topic's row stays locked until then, so that whoever else publishes to the topic waits.
	 */
	readonly publish: PublishInTransaction;
	/** What others notified on its channel, which was left alone. */
	dropped = 0;
	/** @internal */
	readonly client: PostgresClient;
	/** @internal */
	readonly schema: string;
	/** @internal */
	readonly clock: Clock;
	readonly #changeListeners = new Set<() => void>();
	readonly #settings: Settings;
	readonly #log: PostgresLog;
	readonly #link: Link;
	readonly #cursors: Cursors;
	readonly #witness: Witness;
	readonly #appender: Appender;
	readonly #heads: HeadQueue;
	readonly #notifier: Notifier;
	readonly #reads = new Map<string, Promise<ReadResult>>();
	#deliver: ((delivery: Delivery) => void) | null = null;
	#onStatus: (status: BackplaneStatus) => void = () => {};
	#sweepTimer: unknown;
	/** Topics that may have grown beyond their bounds. */
	readonly #due = new Set<number>();
	#isTrimming = false;
	#stopping: Promise<void> | null = null;
	/** Whether events may have been stored that nobody was told of. */
	#owesWake = false;

	constructor(client: PostgresClient, settings: Settings) {
		const { clock, timeoutMs, maxQueued, schema } = settings;
		const bounds: Bounds = settings;
		this.client = client;
		this.schema = schema;
		this.clock = clock;
		this.#settings = settings;
		this.#log = new PostgresLog(client, schema, bounds);
		// oxlint-disable-next-line max-params -- what an author writes
		this.publish = (transaction: Transaction, topic: TopicLike, event: string, data?: unknown) =>
			publishIn(transaction, schema, { topic, event, data });
		this.store = new PostgresStore((text, parameters) => this.#query(text, parameters), schema);
		const log = this.#log;
		this.#cursors = new Cursors({
			deliver: (delivery) => this.#deliver?.(delivery),
			fetch: (cursors) => log.fetch(cursors),
			changed: () => this.#link.lose('its log has begun anew'),
			failed: () => void this.#link.check()
		});
		this.#witness = new Witness({
			join: (seen) => log.joinIncarnation(seen),
			places: () => this.#cursors.places
		});
		this.#appender = new Appender({
			log,
			clock,
			timeoutMs,
			maxQueued,
			unavailable: () => this.#link.reason,
			deliver: (topic, head, bodies) => this.#cursors.append(topic, head, bodies),
			stored: (heads) => this.#stored([...heads.values()]),
			failed: (isUnknown) => this.#failed(isUnknown)
		});
		this.#heads = new HeadQueue({ log, clock, timeoutMs, failed: () => this.#failed(false) });
		this.#notifier = this.#makeNotifier();
		this.#link = this.#makeLink();
	}

	#makeNotifier(): Notifier {
		return new Notifier({
			clock: this.#settings.clock,
			send: (payloads) => this.#log.notify(payloads),
			woken: (id, head) => this.#cursors.wake(id, head),
			wokenAll: () => void this.#cursors.wakeAll(),
			broadcast: ([topic, body, conflationKey]) => {
				if (!this.#cursors.has(topic)) return;
				this.#deliver?.({ topic, epoch: '', offset: 0, body, conflationKey });
			},
			changed: () => this.#changeListeners.forEach((listener) => listener()),
			dropped: () => this.dropped++,
			failed: () => this.#failed(true)
		});
	}

	#makeLink(): Link {
		const { clock, timeoutMs, schema } = this.#settings;
		return new Link({
			client: this.client,
			channel: schema,
			clock,
			timeoutMs,
			notified: (payload) => this.#notifier.receive(payload),
			opened: () => this.#opened(),
			echo: async () => {
				// The second fails where the schema is gone, which opening anew makes up for.
				await Promise.all([this.#notifier.broadcast(null), this.#log.openIncarnation()]);
			},
			status: (status) => {
				if (!status.available) this.#notifier.lost(status.reason ?? '');
				this.#onStatus(status);
			}
		});
	}

	async start(
		deliver: (delivery: Delivery) => void,
		onStatus: (status: BackplaneStatus) => void = () => {}
	): Promise<void> {
		this.#onStatus = onStatus;
		this.#deliver = deliver;
		await this.#link.start();
		this.#sweepLater(0);
	}

	stop(): Promise<void> {
		this.#stopping ??= this.#stop();
		return this.#stopping;
	}

	async #stop(): Promise<void> {
		await this.#appender.drained();
		await this.#notifier.drained();
		this.#settings.clock.clearTimer(this.#sweepTimer);
		this.#deliver = null;
		this.#cursors.clear();
		await this.#link.stop();
		this.#notifier.lost('it was stopped');
		await this.client.end();
	}

	/** Every topic that is read has its place again, and what was missed is delivered, before anybody is told. */
	async #opened(): Promise<void> {
		// Also after a loss: the database may have been put back without the schema, or emptied.
		if (this.#settings.migrate) await migrate(this.client, this.schema);
		else await assertMigrated(this.client, this.schema);
		this.#cursors.begin(await this.#witness.join());
		const topics = this.#cursors.topics;
		const heads = await this.#log.heads(topics, this.#settings.timeoutMs / 2);
		for (const [index, topic] of topics.entries()) {
			const head = heads[index];
			if (head) this.#cursors.place(topic, head);
		}
		await this.#cursors.wakeAll();
		if (this.#owesWake) this.#notifier.wakeAll();
		this.#owesWake = false;
	}

	/** Calls a listener when a trigger says that there are changes. Returns how to stop that. @internal */
	onChanges(listener: () => void): () => void {
		this.#changeListeners.add(listener);
		return () => void this.#changeListeners.delete(listener);
	}

	#stored(heads: AppendedHead[]): void {
		for (const head of heads) this.#witness.stored(head);
		for (const head of heads) this.#notifier.wake(head);
		for (const { id, due } of heads) if (due) this.#due.add(id);
		void this.#trim();
	}

	/** One at a time: under load every batch may grow a topic beyond its bounds. */
	async #trim(): Promise<void> {
		if (this.#isTrimming || this.#due.size === 0) return;
		this.#isTrimming = true;
		const due = [...this.#due];
		this.#due.clear();
		try {
			await this.#log.trim(due);
		} catch {
			this.#failed(false);
		} finally {
			this.#isTrimming = false;
		}
	}

	/** A statement failed: is the server still there? If it is, everybody looks for what may have been stored. */
	#failed(isUnknown: boolean): void {
		if (isUnknown) this.#owesWake = true;
		void this.#link.check().then(() => {
			if (!this.#owesWake || this.#link.reason !== null) return;
			this.#owesWake = false;
			this.#notifier.wakeAll();
		});
	}

	async #query(text: string, parameters: readonly (string | number | null)[]) {
		this.#assertAvailable();
		try {
			return await this.client.query(text, parameters);
		} catch (error) {
			this.#failed(false);
			throw unavailable(messageOf(error), error);
		}
	}

	#assertAvailable(): void {
		const { reason } = this.#link;
		if (reason !== null) throw unavailable(reason);
	}

	async subscribe(topic: TopicName): Promise<Position> {
		this.#assertAvailable();
		this.#cursors.open(topic);
		try {
			const head = await this.#heads.ask(topic);
			this.#cursors.place(topic, head);
			return { epoch: epochOf(head.incarnation, head.id), offset: head.offset };
		} finally {
			this.#cursors.opened();
		}
	}

	unsubscribe(topic: TopicName): void {
		this.#cursors.remove(topic);
	}

	async head(topic: TopicName): Promise<Position> {
		this.#assertAvailable();
		const { id, offset, incarnation } = await this.#heads.ask(topic);
		return { epoch: epochOf(incarnation, id), offset };
	}

	append(topic: TopicName, body: EventBody): Promise<Position> {
		return this.#appender.append(topic, body);
	}

	async broadcast(topic: TopicName, body: EventBody, conflationKey: string | null): Promise<void> {
		this.#assertAvailable();
		await this.#notifier.broadcast([topic, body, conflationKey]);
	}

	/** Many clients that come back together ask for the same. */
	read(topic: TopicName, after: Position): Promise<ReadResult> {
		const key = `${after.epoch} ${after.offset} ${topic}`;
		const known = this.#reads.get(key);
		if (known) return known;
		const reading = this.#read(topic, after).finally(() => this.#reads.delete(key));
		this.#reads.set(key, reading);
		return reading;
	}

	async #read(topic: TopicName, after: Position): Promise<ReadResult> {
		this.#assertAvailable();
		try {
			return await this.#log.read(topic, after);
		} catch (error) {
			this.#failed(false);
			throw unavailable(messageOf(error), error);
		}
	}

	#sweepLater(delayMs: number): void {
		this.#sweepTimer = this.#settings.clock.setTimer(() => void this.#sweep(), delayMs);
	}

	async #sweep(): Promise<void> {
		try {
			// Whoever reads a topic says so several times before it would be forgotten.
			if (this.#link.reason === null) {
				await this.#log.touch(this.#cursors.ids);
				await this.#log.sweep(SWEEP_EVERY_MS);
			}
		} catch {
			this.#failed(false);
		}
		if (this.#deliver) this.#sweepLater(Math.min(SWEEP_EVERY_MS, this.#settings.idleMs / 4));
	}
}
