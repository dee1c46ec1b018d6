// Stores what this process appends. A topic that a transaction of the app holds locked gets a lane of its own, so that
// the others do not wait for it. Invariant: an append is sent once more only where the server said that it was not stored.

import { LiveError } from '../../base/errors.ts';
import type { EventBody } from '../../protocol/stream.ts';
import type { Position } from '../../protocol/position.ts';
import type { TopicName } from '../../protocol/topic.ts';
import { AppendLane, type Append } from './append-lane.ts';
import { LOCK_TIMEOUT, messageOf, QueryError } from './client.ts';
import { epochOf, type AppendedHead, type PostgresLog } from './log.ts';
import type { TimeClock } from './within.ts';
import type { Clock } from '../../base/clock.ts';

export interface AppenderParts {
	log: Pick<PostgresLog, 'append'>;
	clock: TimeClock & Pick<Clock, 'defer'>;
	timeoutMs: number;
	maxQueued: number;
	/** Why the server cannot be used; null where it can. */
	unavailable(): string | null;
	/** Delivers to this process. */
	deliver(topic: TopicName, head: AppendedHead, bodies: readonly EventBody[]): Promise<void>;
	/** Tells the other processes. */
	stored(heads: ReadonlyMap<TopicName, AppendedHead>): void;
	/** The connection failed. @param isUnknown whether events may have been stored that nobody was told of */
	failed(isUnknown: boolean): void;
}

/** How long a batch waits for a topic that is locked, before each of its topics waits for itself. */
const TOGETHER_MS = 100;

export class Appender {
	readonly #parts: AppenderParts;
	readonly #main: AppendLane;
	/** Of topics that were locked for longer than a batch should wait. */
	readonly #own = new Map<TopicName, AppendLane>();
	#waiting = 0;

	constructor(parts: AppenderParts) {
		this.#parts = parts;
		this.#main = new AppendLane(parts.clock, (batch) => this.#store(batch, false));
	}

	append(topic: TopicName, body: EventBody): Promise<Position> {
		const { clock, timeoutMs, maxQueued } = this.#parts;
		const reason = this.#parts.unavailable();
		if (reason !== null) return Promise.reject(unavailable(reason));
		if (this.#waiting >= maxQueued) return Promise.reject(unavailable(`${maxQueued} appends wait for it already`));
		const { promise, resolve, reject } = Promise.withResolvers<Position>();
		this.#waiting++;
		(this.#own.get(topic) ?? this.#main).add({ topic, body, endsAt: clock.now() + timeoutMs, resolve, reject });
		return promise.finally(() => this.#waiting--);
	}

	async drained(): Promise<void> {
		await this.#main.drained();
		await Promise.all([...this.#own.values()].map((lane) => lane.drained()));
	}

	async #store(all: Append[], isOwn: boolean): Promise<void> {
		const batch = this.#stillWanted(all);
		const first = batch[0];
		if (first === undefined) return;
		const left = first.endsAt - this.#parts.clock.now();
		const waitMs = Math.max(1, isOwn ? left * 0.9 : Math.min(left / 2, TOGETHER_MS));
		try {
			await this.#settle(batch, await this.#parts.log.append(batch, waitMs));
		} catch (error) {
			await this.#afterFailure(batch, error, isOwn);
		}
	}

	#stillWanted(batch: Append[]): Append[] {
		const reason = this.#parts.unavailable();
		const now = this.#parts.clock.now();
		return batch.filter(({ endsAt, reject }) => {
			if (reason === null && endsAt > now) return true;
			reject(unavailable(reason ?? 'it did not take the event in time'));
			return false;
		});
	}

	async #settle(batch: Append[], heads: ReadonlyMap<TopicName, AppendedHead>): Promise<void> {
		this.#parts.stored(heads);
		const byTopic = Map.groupBy(batch, ({ topic }) => topic);
		// Topics whose others' events are fetched first do not hold up the next batch.
		for (const [topic, appends] of byTopic) {
			const head = heads.get(topic);
			if (head) void this.#deliver(appends, head);
			else for (const { reject } of appends) reject(unavailable('it did not say where the event was stored'));
		}
	}

	async #deliver(appends: readonly Append[], head: AppendedHead): Promise<void> {
		const topic = appends[0]?.topic as TopicName;
		const bodies = appends.map(({ body }) => body);
		await this.#parts.deliver(topic, head, bodies);
		const epoch = epochOf(head.incarnation, head.id);
		for (const [index, { resolve }] of appends.entries()) {
			resolve({ epoch, offset: head.offset - appends.length + 1 + index });
		}
	}

	async #afterFailure(batch: Append[], cause: unknown, isOwn: boolean): Promise<void> {
		const error = cause instanceof QueryError ? cause : new QueryError(cause, 'unknown');
		if (error.isRetryable) return this.#store(batch, isOwn);
		if (error.code === LOCK_TIMEOUT && !isOwn) return this.#separate(batch);
		const isLocked = error.code === LOCK_TIMEOUT;
		const reason = isLocked ? 'a transaction that published to the topic has not ended' : messageOf(error);
		const isUnknown = error.outcome === 'unknown';
		for (const { reject } of batch) {
			reject(unavailable(isUnknown ? `${reason}. The event may have been stored` : reason, cause));
		}
		if (!isLocked) this.#parts.failed(isUnknown);
	}

	/** Every topic of a batch by itself: the one that is locked waits, the others do not. */
	#separate(batch: Append[]): void {
		for (const append of batch) {
			const { topic } = append;
			const lane = this.#own.get(topic) ?? this.#addLane(topic);
			lane.add(append);
		}
	}

	#addLane(topic: TopicName): AppendLane {
		const onIdle = (): void => void this.#own.delete(topic);
		const lane = new AppendLane(this.#parts.clock, (batch) => this.#store(batch, true), { onIdle });
		this.#own.set(topic, lane);
		return lane;
	}
}

export const unavailable = (reason: string, cause?: unknown): LiveError =>
	new LiveError('UNAVAILABLE', `the postgres backplane is not available: ${reason}`, { cause });
