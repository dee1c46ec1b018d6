// One topic, as this process knows it: where its log ends, and what was delivered of it. Its head is a guess that every use
// proves: an event is stored only behind the message that we took for the last one.

import { randomName } from '../../base/random.ts';
import type { Position } from '../../protocol/position.ts';
import type { TopicName } from '../../protocol/topic.ts';
import type { Delivery } from '../../server/backplane.ts';
import type { NatsSubscription } from './client.ts';
import type { JetStream, StoredMessage } from './jetstream.ts';
import { decodeLogMessage, encodeLogMessage, endOf, type LogMessage } from './log-message.ts';
import { tokenOf, type Names } from './names.ts';
import type { NatsSettings } from './options.ts';

/** The last message of a topic. */
export interface Head {
	/** Its place in the stream; 0 where the topic has none yet. */
	readonly sequence: number;
	readonly offset: number;
	/** Of the topic's log. */
	readonly epoch: string;
	/** On which start of which server it was seen: another one may have gone back to an older copy. */
	readonly serverId: string | null;
}

/** A message of ours in the stream. */
export interface Found {
	readonly sequence: number;
	readonly message: LogMessage;
}

export interface LogParts {
	readonly jetStream: JetStream;
	readonly names: Names;
	readonly settings: NatsSettings;
	/** What a topic's own epoch is called for everybody: it names the server's start as well. */
	epochOf(epoch: string): string;
	deliver(delivery: Delivery): void;
	/** Takes note of a message that is not ours. */
	drop(subject: string): void;
}

export class LogTopic {
	readonly name: TopicName;
	readonly token: string;
	/** Where its events are stored. */
	readonly subject: string;
	/** What brings its events to this process; null where nobody reads it here. */
	subscription: NatsSubscription | null = null;
	readonly #parts: LogParts;
	#head: Head | null = null;
	/** Of the last event that was delivered; null where none was since the subscription began. */
	#delivered: Position | null = null;

	constructor(name: TopicName, parts: LogParts) {
		this.name = name;
		this.token = tokenOf(name);
		this.subject = parts.names.logSubject(this.token);
		this.#parts = parts;
	}

	/** Where the log ends as far as we know; null where we do not. */
	get knownHead(): Head | null {
		return this.#head?.serverId === this.#parts.jetStream.link.serverId ? this.#head : null;
	}

	/** Lets go of a head that proved to be wrong. */
	forget(head: Head): void {
		if (this.#head === head) this.#head = null;
	}

	/** Nothing is delivered from here on. */
	close(): void {
		this.subscription?.unsubscribe();
		this.subscription = null;
		this.#delivered = null;
	}

	/** Takes note of a message that was stored, and delivers what was not delivered yet. */
	stored({ sequence, message }: Found): void {
		this.#note({ sequence, message });
		if (this.subscription === null) return;
		const epoch = this.#parts.epochOf(message.epoch);
		const from = this.#delivered?.epoch === epoch ? Math.max(0, this.#delivered.offset - message.after) : 0;
		if (from >= message.bodies.length) return;
		this.#delivered = { epoch, offset: endOf(message) };
		for (let index = from; index < message.bodies.length; index++) {
			const body = message.bodies[index] ?? '';
			this.#parts.deliver({
				topic: this.name,
				epoch,
				offset: message.after + index + 1,
				body,
				conflationKey: null
			});
		}
	}

	#note({ sequence, message }: Found): Head {
		const { serverId } = this.#parts.jetStream.link;
		const known = this.knownHead;
		if (known && known.sequence >= sequence) return known;
		return (this.#head = { sequence, offset: endOf(message), epoch: message.epoch, serverId });
	}

	/** Where the log ends now, for everybody; begins one where there is none. */
	async position(): Promise<Position> {
		const head = await this.fetchHead(true);
		return { epoch: this.#parts.epochOf(head?.epoch ?? ''), offset: head?.offset ?? 0 };
	}

	/** Asks for the last message. Null where there is none. @param begin then begins the log, so that it has an epoch */
	async fetchHead(begin = false): Promise<Head | null> {
		const last = (await this.fetchLast()) ?? (begin ? await this.#begin() : null);
		return last && this.#headOf(last);
	}

	#headOf(found: Found): Head {
		this.#note(found);
		const { sequence, message } = found;
		const { serverId } = this.#parts.jetStream.link;
		return { sequence, offset: endOf(message), epoch: message.epoch, serverId };
	}

	async #begin(): Promise<Found | null> {
		const message: LogMessage = { topic: this.name, id: randomName(), epoch: randomName(), after: 0, bodies: [] };
		const { jetStream } = this.#parts;
		const options = { expected: 0, until: jetStream.link.deadline() };
		const sequence = await jetStream.store(this.subject, encodeLogMessage(message), options);
		return sequence === null ? this.fetchLast() : { sequence, message };
	}

	/** The last message. What is not ours is deleted, or it would be in the way of every event. */
	async fetchLast(): Promise<Found | null> {
		const { jetStream, names } = this.#parts;
		while (true) {
			const last = await jetStream.get(names.log, { last_by_subj: this.subject });
			const found = last && this.decode(last);
			if (last === null || found !== null) return found;
			await jetStream.delete(names.log, last.sequence);
		}
	}

	/** The first message of ours at or behind a place in the stream; null where there is none. */
	async fetchFrom(sequence: number): Promise<Found | null> {
		const { jetStream, names } = this.#parts;
		for (let from = sequence; ;) {
			const next = await jetStream.get(names.log, { next_by_subj: this.subject, seq: from });
			const found = next && this.decode(next);
			if (next === null || found !== null) return found;
			from = next.sequence + 1;
		}
	}

	/** Null where it is not ours. */
	decode({ subject, sequence, text }: Pick<StoredMessage, 'subject' | 'sequence' | 'text'>): Found | null {
		const message = decodeLogMessage(text);
		if (message?.topic === this.name && sequence > 0) return { sequence, message };
		this.#parts.drop(subject);
		return null;
	}
}
