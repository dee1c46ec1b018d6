// The topics that this process reads, writes or has asked about. Those that it only knows the head of are forgotten when
// there are many: that costs one more question.

import type { Position } from '../../protocol/position.ts';
import type { EventBody } from '../../protocol/stream.ts';
import type { TopicName } from '../../protocol/topic.ts';
import { LogTopic, type LogParts } from './log-topic.ts';
import { LogWriter } from './log-writer.ts';
import { unavailable } from './unavailable.ts';

export interface Topic {
	readonly log: LogTopic;
	readonly writer: LogWriter;
}

/** So many are not worth a sweep. */
const FEW = 10_000;

export class Topics {
	readonly #parts: LogParts;
	readonly #topics = new Map<TopicName, Topic>();
	#sweepAt = FEW;
	#queued = 0;

	constructor(parts: LogParts) {
		this.#parts = parts;
	}

	of(name: TopicName): Topic {
		const known = this.#topics.get(name);
		if (known) return known;
		if (this.#topics.size >= this.#sweepAt) this.#sweep();
		const log = new LogTopic(name, this.#parts);
		const topic = { log, writer: new LogWriter(log, this.#parts, (count) => (this.#queued -= count)) };
		this.#topics.set(name, topic);
		return topic;
	}

	#sweep(): void {
		for (const [name, { log, writer }] of this.#topics) {
			if (log.subscription !== null || writer.settled !== null) continue;
			log.close();
			this.#topics.delete(name);
		}
		this.#sweepAt = Math.max(FEW, 2 * this.#topics.size);
	}

	append(name: TopicName, body: EventBody): Promise<Position> {
		const { maxQueued } = this.#parts.settings;
		if (this.#queued >= maxQueued) {
			return Promise.reject(unavailable(`${maxQueued} events wait to be stored; this one was not stored`));
		}
		this.#queued++;
		return this.of(name).writer.append(body);
	}

	/** Resolves when what was appended is stored or has failed. Nothing is delivered afterwards. */
	async close(): Promise<void> {
		for (const { writer } of this.#topics.values()) if (writer.settled) await writer.settled;
		for (const { log } of this.#topics.values()) log.close();
	}
}
