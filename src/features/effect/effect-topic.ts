// One topic of an effect, for as long as this process leads it. Where it stands is stored after each event, before the next
// one begins: so the event whose handler ran when a process was killed is handled again by the next one, and no other.

import { backoffMs } from '../../base/backoff.ts';
import type { Position } from '../../protocol/position.ts';
import type { TopicName } from '../../protocol/topic.ts';
import type { ServiceHost } from '../../server/service.ts';
import { Bell } from '../shared/bell.ts';
import { runInTerm, serviceContext } from '../shared/context.ts';
import { FencedRecord } from '../shared/fenced-record.ts';
import { pause } from '../shared/pause.ts';
import { Reader, type ReadEvent } from '../shared/reader.ts';
import type { Term } from '../shared/term.ts';
import type { EffectPlan } from './plan.ts';

export interface EffectTopicOptions {
	path: string;
	host: ServiceHost;
	plan: EffectPlan;
	term: Term;
	topic: TopicName;
	/** Where it begins the first time; undefined where that is not known. */
	start: Position | undefined;
}

const RETRY = { firstMs: 1_000, capMs: 30_000 };

export class EffectTopic {
	readonly #options: EffectTopicOptions;
	readonly #bell: Bell;
	readonly #reader: Reader;
	/** Where it stands: what follows is not handled yet. */
	#done: FencedRecord<Position> | null = null;

	constructor(options: EffectTopicOptions) {
		const { host, path, topic, plan } = options;
		this.#options = options;
		this.#bell = new Bell(host.clock);
		this.#reader = new Reader({
			host,
			topic,
			maxWaiting: plan.maxWaiting,
			onNews: () => this.#bell.ring(),
			onError: (error) => host.onError(path, error, null)
		});
	}

	/** Takes the place of whoever led before. */
	async takeOver(): Promise<void> {
		const { host, path, term, topic, start } = this.#options;
		const head = await this.#reader.join();
		const { store } = host.backplane;
		const options = { store, clock: host.clock, lease: term.lease, key: `effect ${path} ${topic}` };
		this.#done = await FencedRecord.claim<Position>(options, (former) => former ?? start ?? head);
	}

	/** Handles what comes. Returns when the term ends; it has been taken over. */
	async follow(): Promise<void> {
		const unlisten = this.#options.term.onEnd(() => this.#bell.ring());
		try {
			if (this.#done !== null) await this.#handleAll(this.#done);
		} finally {
			unlisten();
		}
	}

	end(): void {
		this.#reader.leave();
	}

	async #handleAll(done: FencedRecord<Position>): Promise<void> {
		while (this.#mayBegin) {
			const events = await this.#news(done);
			for (const event of events) if (!(await this.#take(event, done))) return;
			if (events.length > 0) continue;
			if (this.#options.term.leaves) return;
			await this.#bell.wait();
		}
	}

	/** A process that is alone leaves nothing undone: nobody goes on with it. */
	get #mayBegin(): boolean {
		const { term, host } = this.#options;
		return term.goesOn || (term.lease.held && host.backplane.recipe !== undefined);
	}

	async #news(done: FencedRecord<Position>): Promise<ReadEvent[]> {
		const { host, path } = this.#options;
		const broadcasts = this.#reader.takeBroadcasts();
		const read = await this.#reader.read(done.value, this.#options.term);
		if (Array.isArray(read)) return [...broadcasts, ...read];
		host.onError(path, read.lost, null);
		await done.write(read.head);
		return broadcasts;
	}

	/** Returns false where the event is left to whoever comes next. */
	async #take(event: ReadEvent, done: FencedRecord<Position>): Promise<boolean> {
		if (!this.#mayBegin) return false;
		const { position } = event;
		const { atMostOnce } = this.#options.plan;
		if (position !== null && atMostOnce) await done.write(position);
		const handled = await this.#handle(event);
		if (position !== null && handled && !atMostOnce) await done.write(position);
		return handled;
	}

	async #handle(event: ReadEvent): Promise<boolean> {
		const { plan, host, term } = this.#options;
		for (let attempt = 1; attempt <= plan.retries + 1; attempt++) {
			if (await this.#attempt(event, attempt)) return true;
			if (attempt > plan.retries) break;
			await pause(host.clock, backoffMs(attempt - 1, Math.random(), RETRY), term.lease.signal);
			if (!this.#mayBegin) return false;
		}
		return true; // unless the lease is lost: then nothing can be noted down
	}

	/** Returns whether the handler has finished. */
	async #attempt({ event, data, id, topic }: ReadEvent, attempt: number): Promise<boolean> {
		const { path, host, plan, term } = this.#options;
		const context = serviceContext(path, host, { id, topic, attempt });
		const run = (): unknown => plan.handler(event, data, context);
		try {
			await runInTerm(host, { term, context, limitMs: plan.timeoutMs, run });
			return true;
		} catch (error) {
			host.onError(path, error, context);
			return false;
		}
	}
}
