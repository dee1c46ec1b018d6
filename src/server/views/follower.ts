// Applies what a topic's log brings, one event after another, however long each takes. It keeps no events: those that come
// while one is being applied are read from the log afterwards. Invariant: everything up to `position` has been applied, in
// order and once.

import { isPromise, type MaybePromise } from '../../base/maybe-promise.ts';
import type { Position } from '../../protocol/position.ts';
import type { LogEntry } from '../backplane.ts';
import type { HubTopic } from '../hub-topic.ts';

export interface Follows {
	/** Applies an event. The next one waits for what this returns. */
	apply(entry: LogEntry): MaybePromise<void>;
	/** The log does not lead on from what was applied. */
	torn(): void;
	/** The log could not be read, or an event not be applied. */
	failed(error: unknown): void;
}

export class Follower {
	readonly #topic: HubTopic;
	readonly #owner: Follows;
	/** Null before it begins and after it ended. */
	#position: Position | null = null;
	#isBusy = false;
	/** Counts beginnings: what was under way before another one is not gone on with. */
	#turn = 0;

	constructor(topic: HubTopic, owner: Follows) {
		this.#topic = topic;
		this.#owner = owner;
	}

	get position(): Position | null {
		return this.#position;
	}

	/** Applies everything behind a position, and goes on. Resolves when it has come to the head of this process, or ended. */
	begin(position: Position): MaybePromise<void> {
		this.#turn++;
		this.#isBusy = false;
		this.#position = position;
		if (!this.#isAtHead) return this.#goOn();
	}

	end(): void {
		this.#turn++;
		this.#position = null;
	}

	/** An event that the hub delivers. */
	entry(entry: LogEntry): void {
		if (this.#isBusy || this.#position === null) return; // found in the log
		try {
			const applied = this.#apply(entry);
			if (isPromise(applied)) void this.#goOn(applied);
		} catch (error) {
			this.#fail(error);
		}
	}

	#apply(entry: LogEntry): MaybePromise<void> {
		this.#position = { epoch: this.#topic.head.epoch, offset: entry.offset };
		return this.#owner.apply(entry);
	}

	/** Reads the log until nothing is left of it. */
	async #goOn(before?: PromiseLike<void>): Promise<void> {
		const turn = this.#turn;
		this.#isBusy = true;
		try {
			await before;
			while (turn === this.#turn && !this.#isAtHead) await this.#readOn(turn);
		} catch (error) {
			if (turn === this.#turn) this.#fail(error);
		}
		if (turn === this.#turn) this.#isBusy = false;
	}

	async #readOn(turn: number): Promise<void> {
		const read = await this.#topic.read(this.#position as Position); // it has not ended: `turn` is the same
		if (turn !== this.#turn) return;
		if (read.kind === 'reset') return this.#tear();
		for (const entry of read.entries) {
			await this.#apply(entry);
			if (turn !== this.#turn) return;
		}
		this.#position = { epoch: read.epoch, offset: this.#position?.offset ?? 0 };
		if (read.epoch !== this.#topic.head.epoch) await this.#topic.check(); // one of the two has been replaced
		if (turn === this.#turn && read.epoch !== this.#topic.head.epoch) this.#tear();
	}

	get #isAtHead(): boolean {
		const { epoch, offset } = this.#topic.head;
		return this.#position?.epoch === epoch && this.#position.offset >= offset;
	}

	#tear(): void {
		this.end();
		this.#owner.torn();
	}

	#fail(error: unknown): void {
		this.end();
		this.#owner.failed(error);
	}
}
