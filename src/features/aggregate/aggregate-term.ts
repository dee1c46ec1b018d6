// An aggregate, for as long as this process leads it. Invariant: what is stored holds the events up to the positions that
// are stored with it, each once; and nothing is published before it is stored.

import type { Position } from '../../protocol/position.ts';
import type { TopicName } from '../../protocol/topic.ts';
import { encodeValue } from '../../protocol/value.ts';
import type { ServiceHost } from '../../server/service.ts';
import { Bell } from '../shared/bell.ts';
import { runInTerm, serviceContext } from '../shared/context.ts';
import { FencedRecord } from '../shared/fenced-record.ts';
import { Reader, type ReadEvent } from '../shared/reader.ts';
import type { StartingPoints } from '../shared/starting-points.ts';
import type { Term } from '../shared/term.ts';
import { initialState, type FieldError } from './fold.ts';
import type { AggregatePlan } from './plan.ts';
import { keyOf, progressOf, restore, windowsOf, type Positions, type Progress } from './progress.ts';
import { viewOf } from './view.ts';
import { atTime, newest, take, type Windows } from './windows.ts';

export interface AggregateTermOptions {
	path: string;
	host: ServiceHost;
	plan: AggregatePlan;
	term: Term;
	topics: readonly TopicName[];
	/** Where each topic stood when the service began. */
	starts: StartingPoints;
}

/** What was read of all topics. */
interface News {
	events: ReadEvent[];
	positions: Positions;
	/** Whether the log has forgotten some. */
	isTorn: boolean;
}

export class AggregateTerm {
	readonly #options: AggregateTermOptions;
	readonly #bell: Bell;
	readonly #readers: ReadonlyMap<TopicName, Reader>;
	#windows: Windows = new Map();
	/** The text of the last value that was published. */
	#published: string | null = null;
	#publishedMs = -Infinity;

	constructor(options: AggregateTermOptions) {
		const { host, path, plan, topics } = options;
		this.#options = options;
		this.#bell = new Bell(host.clock);
		const onNews = (): void => this.#bell.ring();
		const onError = (error: unknown): void => host.onError(path, error, null);
		const { maxWaiting } = plan;
		this.#readers = new Map(
			topics.map((topic) => [topic, new Reader({ host, topic, onNews, maxWaiting, onError })])
		);
	}

	/** Returns when the term ends. */
	async lead(): Promise<void> {
		const unlisten = this.#options.term.onEnd(() => this.#bell.ring());
		try {
			await this.#follow(await this.#takeOver());
		} finally {
			unlisten();
			for (const reader of this.#readers.values()) reader.leave();
		}
	}

	async #takeOver(): Promise<FencedRecord<Progress>> {
		const { host, path, plan, term } = this.#options;
		const joined = [...this.#readers].map(async ([topic, reader]) => [topic, await reader.join()] as const);
		const heads = Object.fromEntries(await Promise.all(joined)) as Positions;
		const options = { store: host.backplane.store, clock: host.clock, lease: term.lease, key: keyOf(path) };
		return FencedRecord.claim<Progress>(options, async (former) => {
			this.#windows = this.#now(former === null ? await this.#initial() : windowsOf(plan, former));
			const positions = { ...this.#beginnings(heads), ...former?.positions };
			return progressOf(plan, positions, this.#windows);
		});
	}

	/** What was loaded holds everything up to now; where nothing was, what came since the service began counts. */
	#beginnings(heads: Positions): Positions {
		if (this.#options.plan.load !== null) return heads;
		const { starts } = this.#options;
		const entries = Object.entries(heads) as [TopicName, Position][];
		return Object.fromEntries(entries.map(([topic, head]) => [topic, starts.of(topic) ?? head]));
	}

	async #initial(): Promise<Windows> {
		const { host, path, plan, term } = this.#options;
		const { load, timeoutMs, reducers, span } = plan;
		if (load === null) return new Map();
		const context = serviceContext(path, host, {});
		const loaded = await runInTerm(host, { term, context, limitMs: timeoutMs, run: () => load(context) });
		return new Map([[newest(span, 0), initialState(reducers, loaded)]]);
	}

	#now(windows: Windows): Windows {
		const { plan, host } = this.#options;
		return atTime(windows, plan.span, { reducers: plan.reducers, nowMs: host.clock.wallTime() });
	}

	/** A process that is alone leaves nothing undone: nobody goes on with it. */
	get #mayBegin(): boolean {
		const { term, host } = this.#options;
		return term.goesOn || (term.lease.held && host.backplane.recipe !== undefined);
	}

	async #follow(record: FencedRecord<Progress>): Promise<void> {
		while (this.#mayBegin) {
			const news = await this.#read(record.value.positions);
			this.#windows = this.#now(news.isTorn ? await this.#rebuilt() : this.#windows);
			if (news.events.length > 0 || news.isTorn) await this.#take(news, record);
			const dueMs = await this.#publish();
			if (news.events.length > 0) continue;
			if (this.#options.term.leaves) return;
			await this.#bell.wait(this.#sleepMs(dueMs));
		}
	}

	/** What is missing cannot be counted any more: it is loaded anew, where there is a way to. */
	async #rebuilt(): Promise<Windows> {
		return this.#options.plan.load === null ? this.#windows : this.#initial();
	}

	async #read(positions: Positions): Promise<News> {
		const { host, path, term } = this.#options;
		const next: Record<TopicName, Position> = { ...positions };
		const news: News = { events: [], positions: next, isTorn: false };
		for (const [topic, reader] of this.#readers) {
			news.events.push(...reader.takeBroadcasts());
			const read = await reader.read(positions[topic] as Position, term);
			if (Array.isArray(read)) {
				news.events.push(...read);
				next[topic] = read.at(-1)?.position ?? (positions[topic] as Position);
			} else {
				host.onError(path, read.lost, null);
				next[topic] = read.head;
				news.isTorn = true;
			}
		}
		return news;
	}

	async #take({ events, positions }: News, record: FencedRecord<Progress>): Promise<void> {
		const { plan } = this.#options;
		const onError = (error: FieldError, { id, topic }: ReadEvent): void => this.#report(error, { id, topic });
		take(this.#windows, plan.span, { reducers: plan.reducers, events, onError });
		await record.write(this.#storable(positions, record.value));
	}

	/** A field that cannot be stored must not keep the others from it. */
	#storable(positions: Positions, stored: Progress): Progress {
		const { plan } = this.#options;
		try {
			return progressOf(plan, positions, this.#windows);
		} catch {
			for (const error of restore(plan, this.#windows, stored)) this.#report(error, {});
			return progressOf(plan, positions, this.#windows);
		}
	}

	/** Publishes what has changed. Returns how long it has to wait with that; null where nothing waits. */
	async #publish(): Promise<number | null> {
		const { path, host, plan, term } = this.#options;
		const view = viewOf(plan, this.#windows, (error) => this.#report(error, {}));
		const text = encodeValue(view);
		if (text === this.#published || !term.lease.held) return null;
		const waitMs = this.#publishedMs + plan.throttle - host.clock.now();
		if (waitMs > 0 && !term.leaves) return waitMs;
		this.#publishedMs = host.clock.now();
		this.#published = text;
		try {
			await host.publisher.publish(plan.topic(path), 'set', view);
		} catch (error) {
			this.#published = null; // it is tried again
			throw error;
		}
		return null;
	}

	/** Until the value changes with time alone, or what waits is published. */
	#sleepMs(dueMs: number | null): number | null {
		const { stepMs } = this.#options.plan.span;
		const toStepMs = stepMs === 0 ? Infinity : stepMs - (this.#options.host.clock.wallTime() % stepMs);
		const sleepMs = Math.min(toStepMs, dueMs ?? Infinity);
		return sleepMs === Infinity ? null : Math.ceil(sleepMs);
	}

	#report(error: unknown, more: object): void {
		const { path, host } = this.#options;
		host.onError(path, error, serviceContext(path, host, more));
	}
}
