// One worker as its primary sees it. What it does not read is not collected for it without bound: deliveries are dropped,
// and the last one of each topic is sent when it reads again, by which it finds out what to read from the history.

import type { Clock } from '../../base/clock.ts';
import type { TopicName } from '../../protocol/topic.ts';
import { Outbox, type Channel } from './channel.ts';
import type { Answer, Down, DownEvent, Up } from './messages.ts';

export class Member {
	/** Topics that are delivered to it. */
	readonly topics = new Set<TopicName>();
	/** Whether it was welcomed, and has not left. */
	joined = false;
	readonly #outbox: Outbox<Down>;
	readonly #backlogCharacters: number;
	readonly #dropped = new Map<TopicName, DownEvent>();

	constructor(channel: Channel<Down, Up>, clock: Pick<Clock, 'defer'>, backlogCharacters: number) {
		this.#backlogCharacters = backlogCharacters;
		this.#outbox = new Outbox(channel, clock, () => this.#catchUp());
	}

	/** Answers are never dropped: a worker asks for what it can take. */
	answer(answer: Answer): void {
		this.#outbox.add(answer);
	}

	event(event: DownEvent): void {
		const [, topic, , offset, body] = event;
		if (this.#outbox.backlog + body.length <= this.#backlogCharacters) this.#outbox.add(event, body.length);
		else if (offset > 0) this.#dropped.set(topic, event);
	}

	#catchUp(): void {
		if (this.#dropped.size === 0 || this.#outbox.backlog > this.#backlogCharacters / 2) return;
		const events = [...this.#dropped.values()];
		this.#dropped.clear();
		for (const event of events) if (this.topics.has(event[1])) this.event(event);
	}
}
