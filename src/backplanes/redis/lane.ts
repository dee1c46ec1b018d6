// What waits to be sent together: everything of one pass of the event loop, and under load everything since the last answer.
// Invariant: items are sent in the order in which they came, each once.

import type { Clock } from '../../base/clock.ts';

export interface LaneParts<Item> {
	readonly clock: Pick<Clock, 'defer'>;
	/** Resolves when the items were carried out, rejects when that is not known or not so. */
	send(items: Item[]): Promise<void>;
	/** How much an item adds to a batch, in characters. */
	sizeOf(item: Item): number;
	refuse(item: Item, error: unknown): void;
	/** Whether those that were not sent yet would fail like those that were. */
	isDown(): boolean;
	/** Nothing waits any more. */
	onIdle(): void;
}

/** Batches that may be under way at once. */
export interface InFlight {
	/** However small: what comes meanwhile waits, and makes the next one larger. */
	readonly any: number;
	/** Full ones, which would not get larger: a process that does not run for a moment leaves Redis something to do. */
	readonly full: number;
}

/** A batch occupies Redis for some milliseconds, and nobody else is served meanwhile. */
const MAX_ITEMS = 1_000;
const MAX_CHARACTERS = 512 * 1024;

export class Lane<Item> {
	readonly #parts: LaneParts<Item>;
	readonly #most: InFlight;
	#items: Item[] = [];
	#inFlight = 0;
	#isDeferred = false;

	constructor(parts: LaneParts<Item>, most: InFlight) {
		this.#parts = parts;
		this.#most = most;
	}

	push(item: Item): void {
		this.#items.push(item);
		if (this.#isDeferred || !this.#mayBeSent) return;
		this.#isDeferred = true;
		this.#parts.clock.defer(() => this.flush());
	}

	/** Sends what may be sent now. */
	flush(): void {
		this.#isDeferred = false;
		while (this.#mayBeSent) void this.#send(this.#take());
		if (this.#items.length === 0 && this.#inFlight === 0) this.#parts.onIdle();
	}

	get #mayBeSent(): boolean {
		const most = this.#items.length >= MAX_ITEMS ? this.#most.full : this.#most.any;
		return this.#items.length > 0 && this.#inFlight < most;
	}

	#take(): Item[] {
		let characters = 0;
		let count = 0;
		while (count < this.#items.length && count < MAX_ITEMS && characters < MAX_CHARACTERS) {
			characters += this.#parts.sizeOf(this.#items[count++] as Item);
		}
		return count === this.#items.length ? this.#items.splice(0) : this.#items.splice(0, count);
	}

	async #send(items: Item[]): Promise<void> {
		this.#inFlight++;
		try {
			await this.#parts.send(items);
		} catch (error) {
			const failed = this.#parts.isDown() ? [...items, ...this.#items.splice(0)] : items;
			for (const item of failed) this.#parts.refuse(item, error);
		} finally {
			this.#inFlight--;
			this.flush();
		}
	}
}
