// Who reads a view in this process, and what they were not offered yet: the events of this pass of the event loop, each
// encoded once. What a view leaves out takes no message of its own, but the next event says how far it has come.

import { MESSAGE_SEPARATOR } from '../../protocol/frame.ts';
import { encodeEvent, encodeSkip, type Alias, type EventBody } from '../../protocol/stream.ts';
import { EventFrame } from '../event-frame.ts';
import type { TopicParts } from '../hub-topic.ts';
import { offer, type Offer, type TopicReader } from '../read-topic.ts';

/** No more than this waits: a longer flood is offered in parts, so that queues can drop it in parts. */
const MAX_CHARACTERS = 64 * 1024;

interface Waiting {
	readonly text: string;
	readonly offset: number;
}

export class Audience implements Offer {
	readonly feeds = new Set<TopicReader>();
	readonly #parts: TopicParts;
	#alias: Alias;
	#waiting: Waiting[] = [];
	#characters = 0;
	/** Of the last event that was offered, or waits. */
	#last = 0;
	/** What waits is everything behind this offset that concerns anybody. */
	#from = 0;

	constructor(parts: TopicParts, offset: number) {
		this.#parts = parts;
		this.#alias = parts.nextAlias();
		this.#last = this.#from = offset;
	}

	get alias(): Alias {
		return this.#alias;
	}

	/** Events of a log that comes after this offset. */
	add(body: EventBody, offset: number): void {
		const isFirst = this.#waiting.length === 0;
		const text = encodeEvent(this.#alias, offset, body);
		const isNext = offset === this.#last + 1;
		this.#waiting.push({ text: isNext ? text : join([encodeSkip(this.#alias, offset - 1), text]), offset });
		this.#characters += text.length;
		this.#last = offset;
		if (isFirst) this.#parts.flushSoon(this);
		else if (this.#characters >= MAX_CHARACTERS) this.flush(0);
	}

	/** Events of an ephemeral topic, which do not wait. */
	send(bodies: readonly EventBody[], conflationKey: string | null): void {
		if (this.feeds.size === 0 || bodies.length === 0) return;
		const texts = bodies.map((body) => encodeEvent(this.#alias, 0, body));
		const frame = new EventFrame(texts, { first: 0, last: 0, conflationKey });
		for (const feed of this.feeds) feed.deliver(frame, 0);
		this.#parts.observer?.eventsDelivered?.(bodies.length, this.feeds.size);
	}

	after(offset: number): EventFrame | null {
		if (offset >= this.#last) return null;
		const news = this.#waiting.filter((waiting) => waiting.offset > offset);
		if (news.length === 0) return null;
		const first = Math.max(this.#from, offset) + 1;
		return new EventFrame(
			news.map(({ text }) => text),
			{ first, last: this.#last, conflationKey: null }
		);
	}

	flush(dirtyTopics: number): void {
		const count = this.#waiting.length;
		if (count === 0) return;
		offer(this.feeds, this, dirtyTopics);
		this.#waiting = [];
		this.#characters = 0;
		this.#from = this.#last;
		this.#parts.observer?.eventsDelivered?.(count, this.feeds.size);
	}

	flushTo(feed: TopicReader): void {
		const events = this.after(feed.offset);
		if (events) feed.deliver(events, 0);
	}

	/** Tells one feed how far it has come. */
	bringToHead(feed: TopicReader, offset: number): void {
		this.flushTo(feed);
		if (feed.offset >= offset) return;
		const span = { first: feed.offset + 1, last: offset, conflationKey: null };
		feed.deliver(new EventFrame([encodeSkip(this.#alias, offset)], span), 0);
	}

	/** Another log takes the place of the one before: what is on its way belongs to that one. */
	restart(offset: number): void {
		this.flush(0);
		this.#alias = this.#parts.nextAlias();
		this.#last = this.#from = offset;
		this.disconnect();
	}

	/** Everybody is brought up to date anew. */
	disconnect(): void {
		for (const feed of this.feeds) feed.disconnected();
	}
}

const join = (texts: string[]): string => texts.join(MESSAGE_SEPARATOR);
