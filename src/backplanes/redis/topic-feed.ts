// What this process delivers of one topic. Its own events come twice: with the answer to the script that appended them, and
// over the channel, as those of all processes do. Invariant: within an epoch, events are delivered once and in their order;
// where some are missing, because the channel lost them, later ones are delivered with a hole, which the hub fills.

import type { Clock, Timer } from '../../base/clock.ts';
import type { Position } from '../../protocol/position.ts';
import type { EventBody } from '../../protocol/stream.ts';
import type { TopicName } from '../../protocol/topic.ts';
import type { Delivery } from '../../server/backplane.ts';
import { HOLD_MS } from './options.ts';

/** Events of one topic that follow one another. */
export interface EventRun {
	readonly epoch: string;
	readonly first: number;
	readonly bodies: readonly EventBody[];
}

/** Events of our own that came before others which are on their way. */
interface Held {
	readonly run: EventRun;
	readonly timer: Timer;
	done(): void;
}

export class TopicFeed {
	readonly #topic: TopicName;
	readonly #deliver: (delivery: Delivery) => void;
	readonly #clock: Clock;
	#epoch = '';
	#head = 0;
	#isJoined = false;
	#held: Held[] = [];

	constructor(topic: TopicName, clock: Clock, deliver: (delivery: Delivery) => void) {
		this.#topic = topic;
		this.#clock = clock;
		this.#deliver = deliver;
	}

	/**
	 * Begins to deliver.
	 * @param head of the log, read after the channel was heard
	 * @returns behind which everything is delivered: what came over the channel since is in the log as well
	 */
	join(head: Position): Position {
		if (this.#epoch !== head.epoch || this.#head < head.offset) {
			this.#epoch = head.epoch;
			this.#head = head.offset;
		}
		this.#isJoined = true;
		return { epoch: this.#epoch, offset: this.#head };
	}

	/** Takes events from the channel. */
	hear(run: EventRun): void {
		this.#take(run);
		this.#release(false);
	}

	/** Takes events that this process appended. Resolves when they are delivered. */
	append(run: EventRun): Promise<void> | undefined {
		const isEarly = this.#isJoined && run.epoch === this.#epoch && run.first > this.#head + 1;
		if (!isEarly) {
			this.hear(run);
			return undefined;
		}
		const { promise, resolve } = Promise.withResolvers<void>();
		const timer = this.#clock.setTimer(() => this.#release(true), HOLD_MS);
		this.#held.push({ run, timer, done: resolve });
		return promise;
	}

	broadcast(body: EventBody, conflationKey: string | null): void {
		this.#deliver({ topic: this.#topic, epoch: '', offset: 0, body, conflationKey });
	}

	/** Delivers nothing any more. */
	leave(): void {
		this.#isJoined = false;
		this.#release(true);
	}

	/** What is awaited over the channel will not come. */
	interrupt(): void {
		this.#release(true);
	}

	#take({ epoch, first, bodies }: EventRun): void {
		if (epoch !== this.#epoch) {
			this.#epoch = epoch;
			this.#head = first - 1;
		}
		const last = first + bodies.length - 1;
		for (let offset = Math.max(first, this.#head + 1); offset <= last; offset++) {
			const body = bodies[offset - first] as EventBody;
			if (this.#isJoined) this.#deliver({ topic: this.#topic, epoch, offset, body, conflationKey: null });
		}
		this.#head = Math.max(this.#head, last);
	}

	/** Delivers what was held, as far as it follows, or all of it. It was appended in its order. */
	#release(all: boolean): void {
		for (let next = this.#held[0]; next !== undefined; next = this.#held[0]) {
			const { run } = next;
			if (!all && run.epoch === this.#epoch && run.first > this.#head + 1) return;
			this.#held.shift();
			this.#clock.clearTimer(next.timer);
			this.#take(run);
			next.done();
		}
	}
}
