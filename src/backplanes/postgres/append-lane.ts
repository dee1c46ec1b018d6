// Appends on their way: one statement at a time takes everything that waits, so that many cost one round trip and one
// commit. Invariant: the appends of a lane are stored in the order of their calls, or rejected.

import type { Clock } from '../../base/clock.ts';
import type { EventBody } from '../../protocol/stream.ts';
import type { TopicName } from '../../protocol/topic.ts';
import type { Position } from '../../protocol/position.ts';

export interface Append {
	topic: TopicName;
	body: EventBody;
	/** On the clock's monotonic scale. */
	endsAt: number;
	resolve: (position: Position) => void;
	reject: (error: unknown) => void;
}

export class AppendLane {
	readonly #clock: Pick<Clock, 'defer'>;
	readonly #store: (batch: Append[]) => Promise<void>;
	readonly #onIdle: () => void;
	readonly #maxBatch: number;
	#waiting: Append[] = [];
	#running: Promise<void> | null = null;

	/**
	 * @param store settles every append of a batch; never rejects
	 * @param options.onIdle called when nothing waits any more
	 */
	constructor(
		clock: Pick<Clock, 'defer'>,
		store: (batch: Append[]) => Promise<void>,
		{ maxBatch = 1_000, onIdle = () => {} }: { maxBatch?: number; onIdle?: () => void } = {}
	) {
		this.#clock = clock;
		this.#store = store;
		this.#maxBatch = maxBatch;
		this.#onIdle = onIdle;
	}

	get size(): number {
		return this.#waiting.length;
	}

	/** Sent at the end of this pass of the event loop, with what else it appends. */
	add(append: Append): void {
		this.#waiting.push(append);
		if (this.#running === null) this.#running = this.#run();
	}

	async #run(): Promise<void> {
		await new Promise<void>((resolve) => this.#clock.defer(resolve));
		while (this.#waiting.length > 0) {
			const batch = this.#waiting.slice(0, this.#maxBatch);
			this.#waiting = this.#waiting.slice(this.#maxBatch);
			await this.#store(batch);
		}
		this.#running = null;
		this.#onIdle();
	}

	/** Resolves when everything that was added is settled. */
	async drained(): Promise<void> {
		while (this.#running !== null) await this.#running;
	}
}
