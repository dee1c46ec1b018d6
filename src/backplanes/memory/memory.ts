// One process, no history across restarts. Everything is synchronous: a publish is delivered when it returns. Each topic
// has an epoch of its own, so that one that was forgotten and begun anew is never mistaken for the former.

import { randomName } from '../../base/random.ts';
import type { Position } from '../../protocol/position.ts';
import type { EventBody } from '../../protocol/stream.ts';
import type { TopicName } from '../../protocol/topic.ts';
import type { Backplane, Delivery, LogRecipe, ReadResult } from '../../server/backplane.ts';
import { TopicLog, type LogBounds } from './topic-log.ts';

export interface MemoryOptions extends Partial<LogBounds> {
	/** Topics that nobody reads and that keep their history; the longest unused ones go first. @default 10000 */
	idleTopics?: number;
	/** Names the epochs; injected by tests. @default random */
	epoch?: string;
}

const DEFAULTS = { events: 4_096, characters: 1024 * 1024, idleTopics: 10_000 };

class MemoryBackplane implements Backplane {
	readonly name = 'memory';
	readonly recipe: LogRecipe;
	readonly #options: Required<MemoryOptions>;
	readonly #logs = new Map<TopicName, TopicLog>();
	readonly #subscribed = new Set<TopicName>();
	#deliver: ((delivery: Delivery) => void) | null = null;
	#epochs = 0;

	constructor(options: MemoryOptions) {
		this.recipe = { kind: 'memory', args: [options] };
		this.#options = { ...DEFAULTS, epoch: randomName(), ...options };
	}

	start(deliver: (delivery: Delivery) => void): void {
		this.#deliver = deliver;
	}

	stop(): void {
		this.#deliver = null;
		this.#subscribed.clear();
	}

	subscribe(topic: TopicName): Position {
		this.#subscribed.add(topic);
		return this.#log(topic).head;
	}

	unsubscribe(topic: TopicName): void {
		this.#subscribed.delete(topic);
		this.#log(topic); // the most recently used one of those that nobody reads
		this.#forgetIdle();
	}

	head(topic: TopicName): Position {
		return this.#log(topic).head;
	}

	append(topic: TopicName, body: EventBody): Position {
		const log = this.#log(topic);
		const head = log.append(body);
		if (this.#subscribed.has(topic)) this.#deliver?.({ topic, ...head, body, conflationKey: null });
		else this.#forgetIdle();
		return head;
	}

	broadcast(topic: TopicName, body: EventBody, conflationKey: string | null): void {
		if (this.#subscribed.has(topic)) this.#deliver?.({ topic, epoch: '', offset: 0, body, conflationKey });
	}

	read(topic: TopicName, after: Position): ReadResult {
		return this.#log(topic).read(after);
	}

	/** Finds or begins a log, and makes it the most recently used one. */
	#log(topic: TopicName): TopicLog {
		const known = this.#logs.get(topic);
		if (known && this.#subscribed.has(topic)) return known;
		const log = known ?? new TopicLog(`${this.#options.epoch}.${(this.#epochs++).toString(36)}`, this.#options);
		this.#logs.delete(topic);
		this.#logs.set(topic, log);
		return log;
	}

	/** A Map keeps the order of insertion, and `#log` moves what is used to the end. */
	#forgetIdle(): void {
		let excess = this.#logs.size - this.#subscribed.size - this.#options.idleTopics;
		for (const topic of this.#logs.keys()) {
			if (excess <= 0) return;
			if (this.#subscribed.has(topic)) continue;
			this.#logs.delete(topic);
			excess--;
		}
	}
}

/** Joins nothing: one process, with the history of its topics in memory. */
export function memory(options: MemoryOptions = {}): Backplane {
	return new MemoryBackplane(options);
}
