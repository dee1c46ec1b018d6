// One topic, as this process knows it: where its log ends, and what was delivered of it. Its head is a guess that every use
// proves: an event is stored only behind the message that we took for the last one.

import type { Timer } from '../../base/clock.ts';
import { randomName } from '../../base/random.ts';
import type { Position } from '../../protocol/position.ts';
import type { TopicName } from '../../protocol/topic.ts';
import type { Delivery } from '../../server/backplane.ts';
import type { NatsMessage, NatsSubscription } from './client.ts';
import { textOf, type JetStream, type StoredMessage } from './jetstream.ts';
import { Listing } from './listing.ts';
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

/** A burst of conflicts is over by then, or the next conflict begins it anew. */
const FOLLOW_MS = 2_000;

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
	/** What brings us the heads of a topic that we only write; null where it need not. */
	#following: { readonly subscription: NatsSubscription; readonly timer: Timer } | null = null;

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

	/**
	 * Hears for a while where the log ends. Who has to ask always knows it later than those who read the topic, and would
	 * come too late as long as they write.
	 */
	follow(): void {
		const { jetStream, names, settings } = this.#parts;
		if (this.subscription !== null || this.#following !== null) return;
		const subject = names.topicSubject(this.token, 'log');
		const subscription = jetStream.link.subscribe(subject, (message) => {
			const found = this.hear(message);
			if (found !== null) this.#note(found);
		});
		const timer = settings.clock.setTimer(() => this.#unfollow(), FOLLOW_MS);
		this.#following = { subscription, timer };
	}

	#unfollow(): void {
		if (this.#following === null) return;
		this.#following.subscription.unsubscribe();
		this.#parts.settings.clock.clearTimer(this.#following.timer);
		this.#following = null;
	}

	/** Reads a message that the server published again when it had stored it. Null where it is not ours. */
	hear(message: NatsMessage): Found | null {
		const sequence = Number(message.headers?.get('Nats-Sequence') ?? 0);
		return this.decode({ subject: message.subject, sequence, text: textOf(message) });
	}

	/** Nothing is delivered from here on. */
	close(): void {
		this.#unfollow();
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
		const head = await this.fetchHead();
		const { epoch, offset } = head === this.#head ? head : await this.#begin(head);
		return { epoch: this.#parts.epochOf(epoch), offset };
	}

	/** Asks where the log ends now. Where there is none, one is begun in thought: `sequence` and `offset` say behind what. */
	async fetchHead(): Promise<Head> {
		const { sequence, message } = await this.#fetchEnd();
		const { serverId } = this.#parts.jetStream.link;
		if (message === null) return { sequence, offset: 0, epoch: randomName(), serverId };
		return this.#note({ sequence, message });
	}

	/** Stores a message without events, so that a topic without any has an epoch that everybody knows. */
	async #begin({ sequence: expected, epoch }: Head): Promise<Head> {
		const message: LogMessage = { topic: this.name, id: randomName(), epoch, after: 0, bodies: [] };
		const { jetStream } = this.#parts;
		const options = { expected, until: jetStream.link.deadline() };
		const sequence = await jetStream.store(this.subject, encodeLogMessage(message), options);
		return sequence === null ? this.fetchHead() : this.#note({ sequence, message });
	}

	/** The last message; null where there is none. */
	async fetchLast(): Promise<Found | null> {
		const { sequence, message } = await this.#fetchEnd();
		return message && { sequence, message };
	}

	/**
	 * The last message of ours, and the place of the last one. What is not ours stays where it is: NATS 2.9 does not find the
	 * last message of a subject any more when the one behind it was deleted.
	 */
	async #fetchEnd(): Promise<{ sequence: number; message: LogMessage | null }> {
		const { jetStream, names, settings } = this.#parts;
		const last = await jetStream.get(names.log, { last_by_subj: this.subject });
		if (last === null) return { sequence: 0, message: null };
		const found = this.decode(last);
		if (found !== null) return found;
		const options = { stream: names.log, subject: this.subject, from: 1, to: last.sequence };
		const all = await new Listing(jetStream.link, settings, options).run();
		const ours = all.flatMap((stored) => this.decode(stored) ?? []);
		return { sequence: last.sequence, message: ours.at(-1)?.message ?? null };
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
