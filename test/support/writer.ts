// A process that publishes all the time, whatever becomes of what it shares with others.
import { setTimeout as delay } from 'node:timers/promises';
import { isLiveError } from '../../src/base/errors.ts';
import type { Position } from '../../src/protocol/position.ts';
import type { TopicName } from '../../src/protocol/topic.ts';
import type { Backplane } from '../../src/server/backplane.ts';

/** Appends one event after another until it is told to end; those that are refused are tried no more. */
export class Writer implements AsyncDisposable {
	readonly acknowledged: { number: number; position: Position }[] = [];
	readonly #backplane: Backplane;
	readonly #topic: TopicName;
	#isEnding = false;
	readonly #done: Promise<void>;

	constructor(backplane: Backplane, topic: TopicName) {
		this.#backplane = backplane;
		this.#topic = topic;
		this.#done = this.#write();
	}

	async #write(): Promise<void> {
		for (let number = 1; !this.#isEnding; number++) {
			try {
				const position = await this.#backplane.append(this.#topic, `"created",${number}`);
				this.acknowledged.push({ number, position });
			} catch (error) {
				if (!isLiveError(error) || error.code !== 'UNAVAILABLE') throw error;
				await new Promise((resolve) => setImmediate(resolve));
			}
			// About as many as a busy topic has, and no more.
			await delay(1);
		}
	}

	/** Resolves when so many more were acknowledged. */
	async more(count: number): Promise<void> {
		const goal = this.acknowledged.length + count;
		while (this.acknowledged.length < goal) await new Promise((resolve) => setImmediate(resolve));
	}

	/** Resolves when the last one has an offset above, in another epoch. */
	async beyond({ epoch, offset }: Position): Promise<void> {
		const isBeyond = (last: Position | undefined): boolean =>
			last?.epoch !== epoch && (last?.offset ?? 0) > offset + 10;
		while (!isBeyond(this.acknowledged.at(-1)?.position)) await new Promise((resolve) => setImmediate(resolve));
	}

	async end(): Promise<void> {
		this.#isEnding = true;
		await this.#done;
	}

	[Symbol.asyncDispose](): Promise<void> {
		return this.end();
	}
}
