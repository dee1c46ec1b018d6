// What a peer sent and the application has not taken yet. Invariants: one message after another, in order, none left out; while
// messages wait nothing more is read, so a slow application slows its peer down.

import { isPromise, type MaybePromise } from '../base/maybe-promise.ts';

export interface InboxOwner<Item> {
	take(item: Item): MaybePromise<unknown>;
	failed(error: unknown): void;
	/** Messages wait: read nothing more. */
	pause(): void;
	resume(): void;
	/** Everything that was begun has ended. */
	idle(): void;
}

export class Inbox<Item> {
	readonly #owner: InboxOwner<Item>;
	#items: Item[] = [];
	#open = false;
	#running = false;
	#paused = false;

	constructor(owner: InboxOwner<Item>) {
		this.#owner = owner;
	}

	/** Messages that wait or are being taken. */
	get size(): number {
		return this.#items.length + (this.#running ? 1 : 0);
	}

	/** Whether messages wait, and nothing more is read. */
	get isPaused(): boolean {
		return this.#paused;
	}

	push(item: Item): void {
		this.#items.push(item);
		this.#run();
	}

	/** From here on messages are given out. */
	open(): void {
		this.#open = true;
		this.#run();
	}

	/** Forgets what waits. */
	clear(): void {
		this.#items = [];
	}

	#run(): void {
		while (this.#open && !this.#running && this.#items.length > 0) this.#takeNext();
		const isFull = this.#items.length > 0;
		if (isFull === this.#paused) return;
		this.#paused = isFull;
		if (isFull) this.#owner.pause();
		else this.#owner.resume();
	}

	#takeNext(): void {
		const item = this.#items.shift();
		// While it is taken nothing else is, also where taking it makes more come.
		this.#running = true;
		try {
			const result = this.#owner.take(item as Item);
			if (isPromise(result)) return void this.#await(result);
		} catch (error) {
			this.#owner.failed(error);
		}
		this.#running = false;
	}

	async #await(result: PromiseLike<unknown>): Promise<void> {
		try {
			await result;
		} catch (error) {
			this.#owner.failed(error);
		}
		this.#running = false;
		this.#run();
		if (this.size === 0) this.#owner.idle();
	}
}
