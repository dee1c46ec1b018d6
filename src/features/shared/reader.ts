// Reads a topic for a service. What the log has is read from the log, from a position on and without a gap: deliveries
// are only what wakes. What is broadcast is in no log, so it is kept here until it is taken, as much as the bound allows.

import { LiveError } from '../../base/errors.ts';
import { randomName } from '../../base/random.ts';
import { decodeDown } from '../../protocol/down.ts';
import type { Position } from '../../protocol/position.ts';
import { decodeEventBody } from '../../protocol/stream.ts';
import type { TopicName } from '../../protocol/topic.ts';
import type { ReadResult } from '../../server/backplane.ts';
import type { EventFrame } from '../../server/event-frame.ts';
import type { ServiceHost } from '../../server/service.ts';
import { Listener } from './listener.ts';
import { LostEvents } from './lost-events.ts';
import { pause } from './pause.ts';
import type { Term } from './term.ts';

const RETRY_MS = 1_000;

/** An event as services see it. */
export interface ReadEvent {
	readonly topic: TopicName;
	readonly event: string;
	readonly data: unknown;
	/** Where it stands in the log of its topic; null where it is in none. */
	readonly position: Position | null;
	/** The same whenever the event is read again, and that of no other event. */
	readonly id: string;
}

export interface ReaderOptions {
	host: ServiceHost;
	topic: TopicName;
	/** Something may have come. */
	onNews: () => void;
	/** The most broadcasts that wait to be taken. */
	maxWaiting: number;
	/** Told of what is left out, and of what is tried again. */
	onError: (error: unknown) => void;
}

export class Reader {
	readonly #options: ReaderOptions;
	readonly #listener: Listener;
	/** By what a later one replaces. */
	#broadcasts = new Map<string, ReadEvent>();
	#unnamed = 0;
	/** Whether broadcasts were left out since the last were taken. */
	#overflown = false;

	constructor(options: ReaderOptions) {
		this.#options = options;
		const { host, topic, onNews } = options;
		this.#listener = new Listener({
			hub: host.hub,
			topic,
			onNews: (events) => {
				if (events?.last === 0) this.#keep(events);
				onNews();
			}
		});
	}

	/**
	 * From here on there is news. Returns where the log stands.
	 * @throws {LiveError} UNAVAILABLE where the backplane cannot be reached
	 */
	join(): Promise<Position> {
		return this.#listener.join();
	}

	leave(): void {
		this.#listener.leave();
	}

	#keep({ text, conflationKey }: EventFrame): void {
		const { topic, maxWaiting, onError } = this.#options;
		for (const message of decodeDown(text)) {
			if (message.kind !== 'event') continue;
			const key = conflationKey === null ? `#${this.#unnamed++}` : `=${conflationKey}`;
			const { event, data } = message;
			this.#broadcasts.delete(key);
			this.#broadcasts.set(key, { topic, event, data, position: null, id: `${topic} ${randomName()}` });
		}
		if (this.#broadcasts.size <= maxWaiting) return;
		this.#broadcasts.delete(this.#broadcasts.keys().next().value as string);
		if (!this.#overflown) onError(tooMany(topic, maxWaiting));
		this.#overflown = true;
	}

	takeBroadcasts(): ReadEvent[] {
		const taken = [...this.#broadcasts.values()];
		this.#broadcasts = new Map();
		this.#overflown = false;
		return taken;
	}

	/**
	 * Everything in the log behind a position; where it does not lead on from there, where the log stands now. Tries again
	 * while the log cannot be read, until the term ends.
	 * @throws {LiveError} UNAVAILABLE where that came first
	 */
	async read(after: Position, term: Term): Promise<ReadEvent[] | { lost: LostEvents; head: Position }> {
		const { host, onError } = this.#options;
		for (let attempt = 0; ; attempt++) {
			try {
				return await this.#read(after);
			} catch (error) {
				if (!term.goesOn) throw error;
				if (attempt === 0) onError(error); // once, however long it lasts
				await pause(host.clock, RETRY_MS, term.lease.signal);
			}
		}
	}

	async #read(after: Position): Promise<ReadEvent[] | { lost: LostEvents; head: Position }> {
		const { host, topic } = this.#options;
		const result = await host.backplane.read(topic, after);
		if (result.kind === 'events') return eventsOf(topic, result);
		const head = await host.backplane.head(topic);
		return { lost: new LostEvents(topic, after, result.reason), head };
	}
}

function eventsOf(topic: TopicName, { epoch, entries }: Extract<ReadResult, { kind: 'events' }>): ReadEvent[] {
	return entries.map(({ offset, body }) => {
		const { event, data } = decodeEventBody(body);
		return { topic, event, data, position: { epoch, offset }, id: `${topic} ${epoch}:${offset}` };
	});
}

const tooMany = (topic: TopicName, maxWaiting: number): LiveError =>
	new LiveError(
		'TOO_MANY',
		`more than ${maxWaiting} broadcasts of "${topic}" wait, and the oldest are left out; the limit is "maxWaiting"`
	);
