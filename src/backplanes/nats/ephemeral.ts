// Events that nobody keeps: published to whoever listens, this process included. Ours come back like those of others, and
// are awaited, so that every process sees the events of two publishers in the same order as far as the server has one.

import { Buffer } from 'node:buffer';
import type { Timer } from '../../base/clock.ts';
import type { EventBody } from '../../protocol/stream.ts';
import type { TopicName } from '../../protocol/topic.ts';
import { readExact, writeExact } from '../shared/exact-text.ts';
import type { NatsMessage } from './client.ts';
import { textOf } from './jetstream.ts';
import type { Link } from './link.ts';
import type { NatsSettings } from './options.ts';
import { unavailable } from './unavailable.ts';

export interface EphemeralEvent {
	readonly topic: TopicName;
	readonly body: EventBody;
	readonly conflationKey: string | null;
}

interface Waiting {
	readonly timer: Timer;
	done(): void;
}

export class EphemeralEvents {
	readonly #link: Link;
	readonly #settings: Pick<NatsSettings, 'clock' | 'timeoutMs'>;
	/** Ours that did not come back yet. */
	readonly #waiting = new Map<string, Waiting>();
	readonly #sender: string;
	#sent = 0;

	constructor(link: Link, settings: Pick<NatsSettings, 'clock' | 'timeoutMs'>, sender: string) {
		this.#link = link;
		this.#settings = settings;
		this.#sender = sender;
	}

	/** @param isHeard whether it comes back to this process; then it resolves when it did */
	async publish(subject: string, event: EphemeralEvent, isHeard: boolean): Promise<void> {
		await this.#link.ready(this.#link.deadline());
		const id = isHeard ? `${this.#sender}.${this.#sent++}` : '';
		const head = JSON.stringify([1, event.topic, id, event.conflationKey]);
		const text = `${head}\n${writeExact(event.body)}`;
		this.#check(text);
		this.#link.publish(subject, text);
		if (isHeard) await this.#return(id);
	}

	#check(text: string): void {
		const bytes = Buffer.byteLength(text);
		if (bytes > this.#link.maxPayload) throw this.#link.tooLarge(bytes);
	}

	#return(id: string): Promise<void> {
		const { promise, resolve, reject } = Promise.withResolvers<void>();
		const { clock, timeoutMs } = this.#settings;
		const timer = clock.setTimer(() => {
			this.#waiting.delete(id);
			reject(unavailable(`an event did not come back within ${timeoutMs} ms`));
		}, timeoutMs);
		this.#waiting.set(id, { timer, done: resolve });
		return promise;
	}

	/** Reads an event, and calls `deliver` before its publisher goes on. False where it is not one of ours. */
	receive(message: NatsMessage, deliver: (event: EphemeralEvent) => void): boolean {
		const read = readEvent(textOf(message));
		if (read === null) return false;
		deliver(read.event);
		this.#came(read.id);
		return true;
	}

	#came(id: string): void {
		const waiting = this.#waiting.get(id);
		if (waiting === undefined) return;
		this.#waiting.delete(id);
		this.#settings.clock.clearTimer(waiting.timer);
		waiting.done();
	}

	/** Nobody listens any more, so nothing comes back. */
	close(): void {
		for (const id of [...this.#waiting.keys()]) this.#came(id);
	}
}

function readEvent(text: string): { id: string; event: EphemeralEvent } | null {
	const end = text.indexOf('\n');
	try {
		const head = JSON.parse(text.slice(0, end)) as unknown;
		if (!Array.isArray(head) || end < 0 || head[0] !== 1) return null;
		const [, topic, id, conflationKey] = head as unknown[];
		if (typeof topic !== 'string' || typeof id !== 'string') return null;
		if (conflationKey !== null && typeof conflationKey !== 'string') return null;
		return { id, event: { topic: topic as TopicName, body: readExact(text.slice(end + 1)), conflationKey } };
	} catch {
		return null;
	}
}
