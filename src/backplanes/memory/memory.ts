// One process, no history across restarts. Everything is synchronous: a publish is delivered when it returns. Each topic
// has an epoch of its own, so that one that was forgotten and begun anew is never mistaken for the former.

import { randomName } from '../../base/random.ts';
import type { Position } from '../../protocol/position.ts';
import type { EventBody } from '../../protocol/stream.ts';
import type { TopicName } from '../../protocol/topic.ts';
import type { Backplane, Delivery, LogRecipe, ReadResult } from '../../server/backplane.ts';
import type { SharedStore } from '../../server/shared-store.ts';
import { MemoryStore } from './memory-store.ts';
import { TopicLog, type LogBounds } from './topic-log.ts';

export interface MemoryOptions extends Partial<LogBounds> {
	/** Topics that nobody reads and that keep their history; the longest unused ones go first. @default 10000 */
	idleTopics?: number;
	/** The most characters that the histories of those topics may have together. @default 67108864 */
	idleCharacters?: number;
	/** Names the epochs; injected by tests. @default random */
	epoch?: string;
}

const DEFAULTS = { events: 4_096, characters: 1024 * 1024, idleTopics: 10_000, idleCharacters: 64 * 1024 * 1024 };

class MemoryBackplane implements Backplane {
	readonly name = 'memory';
	readonly recipe: LogRecipe;
	readonly store: SharedStore;
	readonly #options: Required<MemoryOptions>;
	/** Of the topics that somebody reads. */
	readonly #read = new Map<TopicName, TopicLog>();
	/** Of the others, the longest unused first: a Map keeps the order of insertion. */
	readonly #idle = new Map<TopicName, TopicLog>();
	#idleCharacters = 0;
	#deliver: ((delivery: Delivery) => void) | null = null;
	#epochs = 0;

	constructor(options: MemoryOptions, store: SharedStore) {
		this.store = store;
		this.recipe = { kind: 'memory', args: [options] };
		this.#options = { ...DEFAULTS, epoch: randomName(), ...options };
	}

	start(deliver: (delivery: Delivery) => void): void {
		this.#deliver = deliver;
	}

	stop(): void {
		this.#deliver = null;
		for (const topic of [...this.#read.keys()]) this.unsubscribe(topic);
	}

	subscribe(topic: TopicName): Position {
		const log = this.#read.get(topic) ?? this.#takeIdle(topic);
		this.#read.set(topic, log);
		return log.head;
	}

	unsubscribe(topic: TopicName): void {
		const log = this.#read.get(topic);
		if (!log) return;
		this.#read.delete(topic);
		this.#putIdle(topic, log);
	}

	head(topic: TopicName): Position {
		return this.#use(topic, (log) => log.head);
	}

	append(topic: TopicName, body: EventBody): Position {
		const head = this.#use(topic, (log) => log.append(body));
		if (this.#read.has(topic)) this.#deliver?.({ topic, ...head, body, conflationKey: null });
		return head;
	}

	broadcast(topic: TopicName, body: EventBody, conflationKey: string | null): void {
		if (this.#read.has(topic)) this.#deliver?.({ topic, epoch: '', offset: 0, body, conflationKey });
	}

	read(topic: TopicName, after: Position): ReadResult {
		return this.#use(topic, (log) => log.read(after));
	}

	#use<Result>(topic: TopicName, use: (log: TopicLog) => Result): Result {
		const log = this.#read.get(topic);
		if (log) return use(log);
		const idle = this.#takeIdle(topic);
		const result = use(idle);
		this.#putIdle(topic, idle);
		return result;
	}

	/** Takes a log out of those that nobody reads, or begins one. */
	#takeIdle(topic: TopicName): TopicLog {
		const log = this.#idle.get(topic);
		if (!log) return new TopicLog(`${this.#options.epoch}.${(this.#epochs++).toString(36)}`, this.#options);
		this.#idle.delete(topic);
		this.#idleCharacters -= log.characters;
		return log;
	}

	/** Keeps a log as the most recently used one of those that nobody reads. */
	#putIdle(topic: TopicName, log: TopicLog): void {
		this.#idle.set(topic, log);
		this.#idleCharacters += log.characters;
		const { idleTopics, idleCharacters } = this.#options;
		for (const [oldest, { characters }] of this.#idle) {
			if (this.#idle.size <= idleTopics && this.#idleCharacters <= idleCharacters) return;
			this.#idle.delete(oldest);
			this.#idleCharacters -= characters;
		}
	}
}

/**
 * Joins nothing: one process, with the history of its topics in memory.
 * @param store what it shares; outlives it where it is passed on to the next one
 */
export function memory(options: MemoryOptions = {}, store: SharedStore = new MemoryStore()): Backplane {
	return new MemoryBackplane(options, store);
}
