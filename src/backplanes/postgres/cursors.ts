// The topics that this process reads, and how far each was delivered. What one of them is missing is fetched for all of
// them at once. Invariant: a topic's events are delivered in order and once, whoever brought them first: an append's own
// answer, a wake-up, or a look after the connection was lost.

import type { EventBody } from '../../protocol/stream.ts';
import type { TopicName } from '../../protocol/topic.ts';
import type { Delivery } from '../../server/backplane.ts';
import { epochOf, type Fetched, type TopicHead } from './log.ts';

interface Cursor {
	readonly topic: TopicName;
	id: number;
	/** The last event that was delivered. */
	offset: number;
	epoch: string;
}

export interface CursorParts {
	deliver(delivery: Delivery): void;
	fetch(cursors: readonly Cursor[]): Promise<Fetched>;
	/** What was fetched is of another incarnation than this process knows. */
	changed(incarnation: string | null): void;
	failed(error: unknown): void;
}

export class Cursors {
	readonly #parts: CursorParts;
	readonly #byTopic = new Map<TopicName, Cursor | null>();
	readonly #byId = new Map<number, Cursor>();
	readonly #behind = new Set<Cursor>();
	/** Topics that began to be read and whose place is not known yet, so that wake-ups are remembered. */
	#opening = 0;
	#woken = new Map<number, number>();
	#incarnation = '';
	#fetching: Promise<void> | null = null;

	constructor(parts: CursorParts) {
		this.#parts = parts;
	}

	get topics(): TopicName[] {
		return [...this.#byTopic.keys()];
	}

	get ids(): number[] {
		return [...this.#byId.keys()];
	}

	/** How far topics were delivered in this incarnation. */
	get places(): { id: number; offset: number }[] {
		return [...this.#byId.values()].filter(({ id, epoch }) => epoch === epochOf(this.#incarnation, id));
	}

	has(topic: TopicName): boolean {
		return this.#byTopic.has(topic);
	}

	/** A topic is going to be read; `place` or `remove` follows. */
	open(topic: TopicName): void {
		this.#opening++;
		if (!this.#byTopic.has(topic)) this.#byTopic.set(topic, null);
	}

	/** Ends what `open` began, also where it failed. */
	opened(): void {
		if (--this.#opening === 0) this.#woken.clear();
	}

	/** Deliveries begin behind a head, unless they have begun already or nobody reads the topic any more. */
	place(topic: TopicName, { id, offset, incarnation }: TopicHead): void {
		const known = this.#byTopic.get(topic);
		const epoch = epochOf(incarnation, id);
		if (known === undefined || known?.epoch === epoch) return;
		if (known) this.#forget(known);
		const cursor = { topic, id, offset, epoch };
		this.#byTopic.set(topic, cursor);
		this.#byId.set(id, cursor);
		this.wake(id, this.#woken.get(id) ?? 0);
	}

	remove(topic: TopicName): void {
		const cursor = this.#byTopic.get(topic);
		this.#byTopic.delete(topic);
		if (cursor) this.#forget(cursor);
	}

	#forget(cursor: Cursor): void {
		this.#behind.delete(cursor);
		if (this.#byId.get(cursor.id) === cursor) this.#byId.delete(cursor.id);
	}

	clear(): void {
		this.#byTopic.clear();
		this.#byId.clear();
		this.#behind.clear();
	}

	/** Every place is of this incarnation from now on. */
	begin(incarnation: string): void {
		this.#incarnation = incarnation;
	}

	/** A topic's log is known to reach up to this offset. */
	wake(id: number, head: number): void {
		if (this.#opening > 0) this.#woken.set(id, Math.max(head, this.#woken.get(id) ?? 0));
		const cursor = this.#byId.get(id);
		if (cursor === undefined || cursor.offset >= head) return;
		this.#behind.add(cursor);
		void this.#fetch();
	}

	/** Looks for what was missed on every topic. */
	wakeAll(): Promise<void> {
		for (const cursor of this.#byId.values()) this.#behind.add(cursor);
		return this.#fetch();
	}

	/** Delivers what this process appended; what others appended before it is fetched first. */
	async append(topic: TopicName, head: TopicHead, bodies: readonly EventBody[]): Promise<void> {
		const cursor = this.#byTopic.get(topic);
		if (!cursor || cursor.offset >= head.offset) return;
		const first = head.offset - bodies.length + 1;
		if (cursor.epoch !== epochOf(head.incarnation, head.id)) return this.#parts.changed(head.incarnation);
		if (first <= cursor.offset + 1) {
			return bodies.forEach((body, index) => this.#deliver(cursor, first + index, body));
		}
		while (cursor.offset < head.offset && this.#byTopic.get(topic) === cursor) {
			const before = cursor.offset;
			this.#behind.add(cursor);
			await this.#fetch();
			if (cursor.offset === before) return; // it failed: whoever reads the topic finds it by its position
		}
	}

	/** Resolves when everything that is known to be behind was fetched. Never rejects. */
	#fetch(): Promise<void> {
		if (this.#behind.size > 0) this.#fetching ??= this.#fetchAll();
		return this.#fetching ?? Promise.resolve();
	}

	async #fetchAll(): Promise<void> {
		try {
			while (this.#behind.size > 0) {
				const behind = [...this.#behind];
				this.#behind.clear();
				this.#take(await this.#parts.fetch(behind));
			}
		} catch (error) {
			this.#parts.failed(error);
		} finally {
			this.#fetching = null;
		}
	}

	#take({ incarnation, entries }: Fetched): void {
		if (incarnation === null || incarnation !== this.#incarnation) return this.#parts.changed(incarnation);
		for (const { id, offset, body } of entries) {
			const cursor = this.#byId.get(id);
			// After a restart a cursor is of the former incarnation until it has its new place.
			if (cursor?.epoch === epochOf(incarnation, id)) this.#deliver(cursor, offset, body);
		}
	}

	#deliver(cursor: Cursor, offset: number, body: EventBody): void {
		if (offset <= cursor.offset) return;
		cursor.offset = offset;
		this.#parts.deliver({ topic: cursor.topic, epoch: cursor.epoch, offset, body, conflationKey: null });
	}
}
