// One process, with a history that survives restarts, in an SQLite file of its own. Everything that is published within
// one pass of the event loop is stored in one transaction and delivered when that is committed, so nothing that anybody
// saw is lost with the process. Invariant: offsets of a topic are contiguous and never used twice within one incarnation
// of the file.

import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { systemClock, type Clock } from '../../base/clock.ts';
import { LiveError } from '../../base/errors.ts';
import { randomName } from '../../base/random.ts';
import type { Position } from '../../protocol/position.ts';
import type { EventBody } from '../../protocol/stream.ts';
import type { TopicName } from '../../protocol/topic.ts';
import type { Backplane, Delivery, LogRecipe, ReadResult } from '../../server/backplane.ts';
import { SqliteStore } from './sqlite-store.ts';
import { prepare, type EventRow, type IncarnationRow, type Statements, type TopicRow } from './schema.ts';

export interface SqliteOptions {
	/** The most events that a topic keeps. @default 10000 */
	events?: number;
	/**
	 * What an acknowledged event outlives: with `process` the end of this process, with `power` also a power failure, at
	 * the cost of waiting for the disk. After a power failure with `process` the last events may be gone; clients that saw
	 * them are reset. @default 'process'
	 */
	outlives?: 'process' | 'power';
	/** Names the incarnations; injected by tests. @default random */
	incarnation?: string;
	/** @default the runtime's clock */
	clock?: Pick<Clock, 'wallTime' | 'defer'>;
}

/** An event that waits for the transaction of this pass. */
interface Append {
	topic: TopicName;
	body: EventBody;
	resolve: (position: Position) => void;
	reject: (error: unknown) => void;
}

/** Trimming takes place once per this many events of a topic, so that it costs next to nothing per event. */
const TRIM_EVERY = 256;

class SqliteBackplane implements Backplane {
	readonly name = 'sqlite';
	readonly store: SqliteStore;
	readonly #file: string;
	readonly #options: Required<SqliteOptions>;
	readonly #subscribed = new Set<TopicName>();
	readonly #topics = new Map<TopicName, TopicRow>();
	#database: DatabaseSync | null = null;
	#statements: Statements | null = null;
	/** The number of this opening of the file. */
	#incarnation = 0;
	#deliver: ((delivery: Delivery) => void) | null = null;
	#appends: Append[] = [];

	constructor(file: string, options: SqliteOptions) {
		this.#file = file;
		this.#options = {
			events: 10_000,
			outlives: 'process',
			incarnation: randomName(),
			clock: systemClock,
			...options
		};
		this.store = new SqliteStore(this.#options.clock);
	}

	start(deliver: (delivery: Delivery) => void): void {
		this.#database = openExclusively(this.#file, this.#options.outlives);
		this.#statements = prepare(this.#database);
		this.store.open(this.#database);
		this.#incarnation = Number(this.#statements.addIncarnation.run(this.#epoch).lastInsertRowid);
		this.#deliver = deliver;
	}

	stop(clean = true): void {
		this.#storeAppends();
		if (clean) this.#statements?.setClean.run(this.#incarnation);
		this.#deliver = null;
		this.#subscribed.clear();
		this.#topics.clear();
		this.#statements = null;
		this.store.close();
		this.#database?.close();
		this.#database = null;
	}

	/** Opened by another process, it is another incarnation: only the bounds are taken along. */
	get recipe(): LogRecipe {
		const { events, outlives } = this.#options;
		return { kind: 'sqlite', args: [this.#file, { events, outlives }] };
	}

	get #epoch(): string {
		return this.#options.incarnation;
	}

	get #sql(): Statements {
		if (this.#statements === null) throw this.#notOpen;
		return this.#statements;
	}

	get #notOpen(): LiveError {
		return new LiveError('UNAVAILABLE', `the history "${this.#file}" is not open`);
	}

	subscribe(topic: TopicName): Position {
		this.#subscribed.add(topic);
		return this.head(topic);
	}

	unsubscribe(topic: TopicName): void {
		this.#subscribed.delete(topic);
		this.#topics.delete(topic);
	}

	head(topic: TopicName): Position {
		return { epoch: this.#epoch, offset: this.#find(topic)?.head ?? 0 };
	}

	append(topic: TopicName, body: EventBody): Promise<Position> {
		if (this.#statements === null) return Promise.reject(this.#notOpen);
		return new Promise((resolve, reject) => {
			this.#appends.push({ topic, body, resolve, reject });
			if (this.#appends.length === 1) this.#options.clock.defer(() => this.#storeAppends());
		});
	}

	/** Stores what was appended in this pass, then delivers it in that order. */
	#storeAppends(): void {
		const appends = this.#appends;
		if (appends.length === 0) return;
		this.#appends = [];
		let offsets: number[];
		try {
			offsets = this.#transaction(() => appends.map(({ topic, body }) => this.#insert(topic, body)));
		} catch (error) {
			return appends.forEach(({ reject }) => reject(error));
		}
		appends.forEach(({ topic, body, resolve }, index) => {
			const position = { epoch: this.#epoch, offset: offsets[index] ?? 0 };
			if (this.#subscribed.has(topic)) this.#deliver?.({ topic, ...position, body, conflationKey: null });
			resolve(position);
		});
	}

	#transaction<Result>(run: () => Result): Result {
		const { begin, commit, rollback } = this.#sql;
		try {
			begin.run();
			const result = run();
			commit.run();
			return result;
		} catch (cause) {
			this.#topics.clear(); // what is remembered may not be in the file
			if (this.#database?.isTransaction) rollback.run();
			throw new LiveError('UNAVAILABLE', `the history "${this.#file}" could not be written`, { cause });
		}
	}

	#insert(topic: TopicName, body: EventBody): number {
		const row = this.#find(topic) ?? this.#add(topic);
		const offset = row.head + 1;
		this.#sql.addEvent.run(row.id, offset, this.#incarnation, this.#options.clock.wallTime(), body);
		this.#sql.setHead.run(offset, row.id);
		if (offset % TRIM_EVERY === 0) this.#sql.trim.run(row.id, offset - this.#options.events);
		row.head = offset;
		return offset;
	}

	#find(topic: TopicName): TopicRow | undefined {
		const known = this.#topics.get(topic);
		if (known) return known;
		const row = this.#sql.topic.get(topic) as TopicRow | undefined;
		return row && this.#remember(topic, row);
	}

	#add(topic: TopicName): TopicRow {
		return this.#remember(topic, this.#sql.addTopic.get(topic) as unknown as TopicRow);
	}

	/** Only for topics that somebody reads here: the others would pile up. */
	#remember(topic: TopicName, row: TopicRow): TopicRow {
		if (this.#subscribed.has(topic)) this.#topics.set(topic, row);
		return row;
	}

	broadcast(topic: TopicName, body: EventBody, conflationKey: string | null): void {
		if (this.#subscribed.has(topic)) this.#deliver?.({ topic, epoch: '', offset: 0, body, conflationKey });
	}

	read(topic: TopicName, after: Position): ReadResult {
		const row = this.#find(topic);
		const refusal = this.#refusal(row, after);
		if (refusal !== null) return { kind: 'reset', reason: refusal };
		const entries = row ? (this.#sql.eventsAfter.all(row.id, after.offset) as unknown as EventRow[]) : [];
		return { kind: 'events', epoch: this.#epoch, entries: entries.map(({ offset, body }) => ({ offset, body })) };
	}

	/**
	 * A position holds where its event was appended in its incarnation or before: an event of that offset from a later
	 * incarnation is another one, which took the place of one that was lost with a restored backup. After a crash no
	 * older position holds: nobody knows whether the last thing that the application stored was published.
	 */
	#refusal(row: TopicRow | undefined, { epoch, offset }: Position): 'epoch' | 'evicted' | null {
		const known = this.#sql.incarnation.get(this.#incarnation, epoch) as IncarnationRow | undefined;
		if (known === undefined || known.crashes > 0 || offset > (row?.head ?? 0)) return 'epoch';
		if (row === undefined || offset === row.head) return this.#refusalAt(row, offset, known.number);
		const next = this.#sql.incarnationAt.get(row.id, offset + 1);
		if (next === undefined) return 'evicted';
		return offset === 0 ? null : this.#refusalAt(row, offset, known.number);
	}

	#refusalAt(row: TopicRow | undefined, offset: number, incarnation: number): 'epoch' | 'evicted' | null {
		if (row === undefined || offset === 0) return null;
		const at = this.#sql.incarnationAt.get(row.id, offset) as { incarnation: number } | undefined;
		if (at === undefined) return 'evicted';
		return at.incarnation <= incarnation ? null : 'epoch';
	}
}

/** A second process on the same file would not hear of our events, so it is kept out. */
function openExclusively(file: string, outlives: 'process' | 'power'): DatabaseSync {
	mkdirSync(dirname(file), { recursive: true });
	const database = new DatabaseSync(file);
	try {
		database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;');
		database.exec(`PRAGMA synchronous = ${outlives === 'power' ? 'FULL' : 'NORMAL'};`);
		database.exec('PRAGMA busy_timeout = 2000; BEGIN EXCLUSIVE; COMMIT;');
		return database;
	} catch (cause) {
		database.close();
		throw new Error(
			`tidewire: the history "${file}" cannot be opened for this process alone. Another process may be using it: for ` +
				`several processes choose a backplane that joins them`,
			{ cause }
		);
	}
}

/**
 * A history in an SQLite file, for one process.
 * @param file its path; made with its folder where they are missing. Keep it apart from the application's own database
 */
export function sqlite(file: string, options: SqliteOptions = {}): Backplane {
	return new SqliteBackplane(file, options);
}
