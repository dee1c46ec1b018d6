// A view that shows each event by itself: what `transform` and `join` make of it, and without rows to know, what `filter`
// lets through. Its offsets are those of the topic, so its streams resume from the log.

import { isPromise, whenDone, type MaybePromise } from '../../base/maybe-promise.ts';
import type { Position } from '../../protocol/position.ts';
import { decodeEventBody, encodeEventBody, isControl, INVALIDATED, type EventBody } from '../../protocol/stream.ts';
import type { LogEntry } from '../backplane.ts';
import type { Broadcast, TopicTap } from '../hub-topic.ts';
import type { ReadTopic, TopicRead, TopicReader } from '../read-topic.ts';
import { LoadsOfTopic } from '../loads-of-topic.ts';
import { Audience } from './audience.ts';
import { Follower, type Follows } from './follower.ts';
import { stagesOf, type GroupOptions, type ViewRun } from './group.ts';
import { roleOf } from './roles.ts';
import { LEFT_OUT, type Stages } from './stages.ts';

export class EventView implements ReadTopic, TopicTap, Follows {
	readonly name;
	readonly isView = true;
	readonly loads = new LoadsOfTopic();
	readonly #options: GroupOptions;
	readonly #stages: Stages;
	readonly #audience: Audience;
	readonly #follower: Follower;
	/** The last broadcast that is being looked at: those that follow wait for it. */
	#broadcasting: PromiseLike<void> | null = null;
	#isOver = false;
	/** The last event that was looked at to its end. */
	#done = 0;
	/** Counts beginnings. */
	#turn = 0;

	constructor(options: GroupOptions) {
		const { topic, topics, run } = options;
		this.name = topic.name;
		this.#options = options;
		this.#stages = eventStages(run);
		this.#audience = new Audience(topics, topic.head.offset);
		this.#follower = new Follower(topic, this);
	}

	/** @internal once, when it can be found by whoever may end it */
	start(): void {
		const { topic } = this.#options;
		this.#begin(topic.head);
		topic.tap(this);
	}

	get alias() {
		return this.#audience.alias;
	}

	get feeds(): Set<TopicReader> {
		return this.#audience.feeds;
	}

	get readers(): number {
		return this.feeds.size;
	}

	get head(): Position {
		const { epoch } = this.#follower.position ?? this.#options.topic.head;
		return { epoch, offset: this.#done };
	}

	get loadedFrom(): Position {
		return this.#options.topic.head;
	}

	get isOver(): boolean {
		return this.#isOver;
	}

	/** Nobody reads it any more, or everybody has to join anew. */
	end(): void {
		this.#isOver = true;
		this.loads.kept.close();
		this.#options.topic.untap(this);
		this.#follower.end();
		this.#audience.disconnect();
	}

	shownAs(value: unknown): MaybePromise<unknown> {
		return shownBy(this.#stages, value, this.#options.run.path);
	}

	read(after: Position): MaybePromise<TopicRead> {
		return whenDone(this.#options.topic.read(after), (read) => {
			if (read.kind === 'reset') return read;
			return whenDone(this.#shownOf(read.entries), (entries) => ({ ...read, entries }));
		});
	}

	async #shownOf(entries: readonly LogEntry[]): Promise<LogEntry[]> {
		const shown: LogEntry[] = [];
		for (const { offset, body } of entries) shown.push({ offset, body: (await this.#bodyOf(body)) ?? '' });
		return shown;
	}

	/** What an event becomes; null where it concerns nobody. */
	#bodyOf(body: EventBody): MaybePromise<EventBody | null> {
		if (isControl(body)) return body;
		const { event, data } = decodeEventBody(body);
		const { kind, key } = this.#options.run.definition.merge;
		const role = roleOf(kind, event);
		if (role === null) return null;
		if (role === 'remove')
			return encodeEventBody(event, { [key]: (data as Record<string, unknown> | null)?.[key] });
		if (role === 'set') return whenDone(this.shownAs(data), (list) => encodeEventBody(event, list));
		return whenDone(this.#stages.run([data]), ([row]) => (row === LEFT_OUT ? null : encodeEventBody(event, row)));
	}

	check(): MaybePromise<void> {
		return this.#options.topic.check();
	}

	entry(entry: LogEntry): void {
		this.#follower.entry(entry);
	}

	apply({ offset, body }: LogEntry): MaybePromise<void> {
		const turn = this.#turn;
		return whenDone(this.#bodyOf(body), (shown) => {
			if (this.#isOver || turn !== this.#turn) return; // of a log that has been replaced meanwhile
			if (shown !== null) this.#audience.add(shown, offset);
			this.#done = offset;
			if (isControl(body)) this.#control(body);
		});
	}

	#control(body: EventBody): void {
		const { event, data } = decodeEventBody(body);
		if (event !== INVALIDATED) return;
		this.loads.invalidate();
		for (const feed of this.feeds) feed.invalidated?.(data as string | null);
	}

	broadcast(event: Broadcast): void {
		if (isControl(event.body)) return this.#control(event.body);
		const before = this.#broadcasting;
		const sent = before === null ? this.#broadcast(event) : before.then(() => this.#broadcast(event));
		if (!isPromise(sent)) return;
		const settled = sent.then(undefined, (error: unknown) => this.failed(error));
		this.#broadcasting = settled;
		void settled.then(() => this.#broadcasting === settled && (this.#broadcasting = null));
	}

	#broadcast({ body, conflationKey }: Broadcast): MaybePromise<void> {
		return whenDone(this.#bodyOf(body), (shown) => {
			if (shown === null || this.#isOver) return;
			this.loads.collect(shown, conflationKey);
			this.#audience.send([shown], conflationKey);
		});
	}

	/** The topic's log does not lead on. */
	disconnected(): void {
		this.torn();
	}

	torn(): void {
		const { head } = this.#options.topic;
		this.#begin(head);
		this.#audience.restart(head.offset);
	}

	#begin(head: Position): void {
		this.#turn++;
		this.#done = head.offset;
		void this.#follower.begin(head);
	}

	/** Whoever reads it reads the log from where it stands. */
	failed(error: unknown): void {
		this.#options.run.onError(error);
		this.torn();
	}

	flushTo(feed: TopicReader): void {
		this.#audience.flushTo(feed);
	}

	bringToHead(feed: TopicReader): void {
		this.#audience.bringToHead(feed, this.head.offset);
	}
}

/** Those of a view that shows each event by itself. */
export function eventStages(run: ViewRun): Stages {
	const { stages, finish } = run.definition.view;
	return stagesOf([...stages, ...finish], run);
}

/** What a value becomes: a list each of its elements, anything else itself. */
export function shownBy(stages: Stages, value: unknown, path: string): MaybePromise<unknown> {
	const isList = Array.isArray(value);
	return whenDone(stages.run(isList ? (value as unknown[]) : [value]), (rows) => {
		if (isList) return rows.filter((row) => row !== LEFT_OUT);
		if (rows[0] === LEFT_OUT) throw new TypeError(`the view of "${path}" could not be made`);
		return rows[0];
	});
}
