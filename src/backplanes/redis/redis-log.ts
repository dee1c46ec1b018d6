// Appends to the logs of topics, and reads them. Invariant: an append resolves when its event is stored and was delivered to
// this process; where it rejects, nothing was sent, or the error says that the event may be stored.

import type { Clock } from '../../base/clock.ts';
import type { Position } from '../../protocol/position.ts';
import type { EventBody } from '../../protocol/stream.ts';
import type { TopicName } from '../../protocol/topic.ts';
import type { LogEntry, ReadResult } from '../../server/backplane.ts';
import type { Connection } from './connection.ts';
import { writeExact } from '../shared/exact-text.ts';
import type { Keys } from './keys.ts';
import { Lanes, type Task } from './lanes.ts';
import type { Link } from './link.ts';
import { readEntry, writeEntries } from './stream-entries.ts';
import type { TopicFeed } from './topic-feed.ts';
import { APPEND, HEAD, READ } from './topic-scripts.ts';

export interface LogParts {
	readonly connection: Connection;
	readonly keys: Keys;
	/** The topics that are delivered here. */
	readonly feeds: ReadonlyMap<TopicName, TopicFeed>;
	readonly isCluster: boolean;
	/** Names this process; part of the epochs that it begins. */
	readonly origin: string;
	readonly options: {
		readonly clock: Clock;
		readonly events: number;
		readonly bytes: number;
		readonly ageMs: number | null;
		readonly idleMs: number;
		readonly maxQueued: number;
	};
}

interface Append extends Task<Position> {
	readonly body: EventBody;
	/** How it is written. */
	readonly line: string;
}

/** About how much one script reads: Redis serves nobody else meanwhile. */
const PAGE_BYTES = 256 * 1024;

export class RedisLog {
	readonly #parts: LogParts;
	readonly #appends: Lanes<Position, Append>;
	readonly #heads: Lanes<Position, Task<Position>>;

	constructor(parts: LogParts) {
		this.#parts = parts;
		const { connection, isCluster } = parts;
		const lanes = { ...parts.options, isCluster, isDown: () => connection.link === null };
		this.#appends = new Lanes({ ...lanes, send: (topics) => this.#sendAppends(topics) });
		this.#heads = new Lanes({ ...lanes, maxQueued: Infinity, send: (topics) => this.#sendHeads(topics) });
	}

	append(topic: TopicName, body: EventBody): Promise<Position> {
		const line = writeExact(body);
		return new Promise((resolve, reject) => {
			this.#appends.push({ topic, body, line, size: line.length, resolve, reject });
		});
	}

	/** Begins the topic where it is not there. */
	head(topic: TopicName): Promise<Position> {
		return new Promise((resolve, reject) => {
			this.#heads.push({ topic, size: topic.length, resolve, reject });
		});
	}

	/** Resolves when everything that was appended is settled. */
	flush(): Promise<void> {
		return this.#appends.flush();
	}

	/** @throws {SyntaxError} where the stream has something that is not an event */
	async read(topic: TopicName, after: Position): Promise<ReadResult> {
		const { connection, keys } = this.#parts;
		const { meta, stream } = keys.topic(topic);
		const entries: LogEntry[] = [];
		let { offset } = after;
		let goal = 0;
		do {
			const args = [after.epoch, String(offset), String(PAGE_BYTES)];
			const [kind, head, ...found] = (await connection.run(READ, { keys: [meta, stream], args })) as string[];
			if (kind !== 'events') return { kind: 'reset', reason: kind === 'epoch' ? 'epoch' : 'evicted' };
			goal ||= Number(head);
			for (let index = 0; index < found.length; index += 2) {
				const missed = readEntry({ last: Number(found[index]), text: found[index + 1] ?? '' }, offset);
				if (missed === null) return { kind: 'reset', reason: 'evicted' };
				entries.push(...missed);
				offset += missed.length;
			}
		} while (offset < goal);
		return { kind: 'events', epoch: after.epoch, entries };
	}

	async #sendAppends(topics: Map<TopicName, Append[]>): Promise<void> {
		const { options, origin } = this.#parts;
		const { events, bytes, ageMs, idleMs } = options;
		const bounds = [idleMs, events, bytes, ageMs ?? 0].map(String);
		const args: string[] = [];
		for (const [topic, appends] of topics) {
			const written = writeEntries(appends.map(({ line }) => line));
			args.push(this.#parts.keys.topic(topic).channel, String(written.length / 2), ...written);
		}
		const heads = await this.#run(APPEND, [...topics.keys()], ({ publish }) => [
			origin,
			...bounds,
			publish,
			...args
		]);
		for (const [topic, appends] of topics) this.#appended(topic, appends, heads.next().value as Position);
	}

	#appended(topic: TopicName, appends: readonly Append[], { epoch, offset }: Position): void {
		const first = offset - appends.length + 1;
		const settle = (): void => appends.forEach(({ resolve }, index) => resolve({ epoch, offset: first + index }));
		const run = { epoch, first, bodies: appends.map(({ body }) => body) };
		const delivered = this.#parts.feeds.get(topic)?.append(run);
		if (delivered) void delivered.then(settle);
		else settle();
	}

	async #sendHeads(topics: Map<TopicName, Task<Position>[]>): Promise<void> {
		const { idleMs, ageMs } = this.#parts.options;
		const args = [this.#parts.origin, String(idleMs), String(Math.min(idleMs, ageMs ?? idleMs))];
		const heads = await this.#run(HEAD, [...topics.keys()], () => args);
		for (const tasks of topics.values()) {
			const head = heads.next().value as Position;
			for (const { resolve } of tasks) resolve(head);
		}
	}

	/** Runs a script that answers with the head of each topic. */
	async #run(
		script: typeof APPEND,
		topics: TopicName[],
		args: (link: Link) => string[]
	): Promise<Iterator<Position>> {
		const { connection } = this.#parts;
		const keys = topics.flatMap((topic) => {
			const { meta, stream } = this.#parts.keys.topic(topic);
			return [meta, stream];
		});
		const answer = (await connection.run(script, (link) => ({ keys, args: args(link) }))) as string[];
		return topics
			.map((_, index) => ({ epoch: answer[2 * index] ?? '', offset: Number(answer[2 * index + 1]) }))
			.values();
	}
}
