// The way between a worker and its primary, and the batches on it: what is said within one pass of the event loop leaves
// as one message, because each costs a system call and the waking of a process.

import type { Clock } from '../../base/clock.ts';

export interface Channel<Out, In> {
	/** Sends in order. @param written called when the other process can read it, or never will */
	send(batch: Out[], written: () => void): void;
	/** Begins to tell of every batch, and once of the end of the other process. */
	listen(listener: ChannelListener<In>): void;
	/** Tells nothing any more. */
	close(): void;
	/** Whether waiting for the other process keeps this one alive. */
	keepAlive(keeps: boolean): void;
}

export interface ChannelListener<In> {
	batch(messages: In[]): void;
	ended(): void;
}

/** Collects what leaves together. */
export class Outbox<Out> {
	readonly #channel: Pick<Channel<Out, never>, 'send'>;
	readonly #clock: Pick<Clock, 'defer'>;
	readonly #onWritten: () => void;
	#batch: Out[] = [];
	#batchCharacters = 0;
	#backlog = 0;

	/** @param onWritten told when the backlog has become smaller */
	constructor(channel: Pick<Channel<Out, never>, 'send'>, clock: Pick<Clock, 'defer'>, onWritten = (): void => {}) {
		this.#channel = channel;
		this.#clock = clock;
		this.#onWritten = onWritten;
	}

	/** Characters that the other process cannot read yet. */
	get backlog(): number {
		return this.#backlog;
	}

	/** @param characters what it counts in the backlog */
	add(message: Out, characters = 0): void {
		this.#backlog += characters;
		this.#batchCharacters += characters;
		if (this.#batch.push(message) === 1) this.#clock.defer(() => this.#flush());
	}

	#flush(): void {
		const [batch, characters] = [this.#batch, this.#batchCharacters];
		this.#batch = [];
		this.#batchCharacters = 0;
		this.#channel.send(batch, () => {
			this.#backlog -= characters;
			this.#onWritten();
		});
	}
}
