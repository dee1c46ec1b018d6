// Asks where topics end: what is asked in one pass of the event loop is one statement.

import type { Clock } from '../../base/clock.ts';
import type { TopicName } from '../../protocol/topic.ts';
import { unavailable } from './appender.ts';
import { LOCK_TIMEOUT, messageOf, QueryError } from './client.ts';
import type { PostgresLog, TopicHead } from './log.ts';

interface Question {
	topic: TopicName;
	resolve: (head: TopicHead) => void;
	reject: (error: unknown) => void;
}

export interface HeadQueueParts {
	log: Pick<PostgresLog, 'heads'>;
	clock: Pick<Clock, 'defer'>;
	timeoutMs: number;
	failed(): void;
}

export class HeadQueue {
	readonly #parts: HeadQueueParts;
	#questions: Question[] = [];

	constructor(parts: HeadQueueParts) {
		this.#parts = parts;
	}

	/** @throws {LiveError} UNAVAILABLE */
	ask(topic: TopicName): Promise<TopicHead> {
		return new Promise((resolve, reject) => {
			this.#questions.push({ topic, resolve, reject });
			if (this.#questions.length === 1) this.#parts.clock.defer(() => this.#askAll());
		});
	}

	#askAll(): void {
		const questions = this.#questions;
		this.#questions = [];
		void this.#answer(questions, this.#parts.timeoutMs / 2);
	}

	async #answer(questions: readonly Question[], waitMs: number): Promise<void> {
		try {
			const topics = questions.map(({ topic }) => topic);
			const heads = await this.#parts.log.heads([...new Set(topics)], waitMs);
			const byTopic = new Map([...new Set(topics)].map((topic, index) => [topic, heads[index]]));
			for (const { topic, resolve, reject } of questions) {
				const head = byTopic.get(topic);
				if (head) resolve(head);
				else reject(unavailable('it does not know the topic'));
			}
		} catch (error) {
			this.#afterFailure(questions, error, waitMs);
		}
	}

	/** A topic that a transaction has just begun to use is locked until it ends: the others are asked for without it. */
	#afterFailure(questions: readonly Question[], error: unknown, waitMs: number): void {
		const isLocked = error instanceof QueryError && error.code === LOCK_TIMEOUT;
		if (isLocked && questions.length > 1) {
			for (const question of questions) void this.#answer([question], waitMs * 0.9);
			return;
		}
		if (!isLocked) this.#parts.failed();
		for (const { reject } of questions) reject(unavailable(messageOf(error), error));
	}
}
