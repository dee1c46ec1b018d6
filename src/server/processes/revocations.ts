// Users whose sessions end at once, on every process. What is revoked is in a log, and each process looks at its end
// twice a second: a message that was lost delays nobody for longer.

import type { Clock, Timer } from '../../base/clock.ts';
import { decodeDown } from '../../protocol/down.ts';
import type { Position } from '../../protocol/position.ts';
import { decodeEventBody, encodeEventBody } from '../../protocol/stream.ts';
import type { Backplane } from '../backplane.ts';
import type { EventFrame } from '../event-frame.ts';
import { runReported } from '../failure.ts';
import type { HubTopic } from '../hub-topic.ts';
import type { TopicReader } from '../read-topic.ts';
import type { Hub } from '../hub.ts';
import { systemTopic } from './system-topic.ts';

export interface RevocationsOptions {
	backplane: Backplane;
	hub: Hub;
	clock: Clock;
	/** A user was revoked, here or on another process. May come more than once. */
	onRevoked: (userId: unknown) => void;
	/** The log does not say who was revoked meanwhile: it may be anybody. */
	onUnknown: () => void;
	onError: (error: unknown) => void;
}

const TOPIC = systemTopic('revoked');
const CHECK_MS = 500;

export class Revocations implements TopicReader {
	readonly #options: RevocationsOptions;
	#topic: HubTopic | null = null;
	#timer: Timer | null = null;
	/** Where we are in the log. */
	#epoch = '';
	#offset = 0;

	constructor(options: RevocationsOptions) {
		this.#options = options;
	}

	get offset(): number {
		return this.#offset;
	}

	/** How many topics it reads itself. */
	get topics(): number {
		return this.#topic === null ? 0 : 1;
	}

	/** A process that is alone hears of its own only. */
	async start(): Promise<void> {
		const { backplane, hub } = this.#options;
		if (backplane.recipe !== undefined) return;
		this.#topic = await hub.join(TOPIC);
		this.#moveTo(this.#topic.head);
		this.#topic.feeds.add(this);
		this.#schedule(this.#topic);
	}

	stop(): void {
		if (this.#topic === null) return;
		this.#options.clock.clearTimer(this.#timer);
		this.#topic.feeds.delete(this);
		this.#topic = null;
		this.#options.hub.leave(TOPIC);
	}

	/**
	 * Ends a user's sessions here at once. Resolves when every other process will hear of it within a second.
	 * @throws {LiveError} UNAVAILABLE where the others cannot be told
	 */
	async revoke(userId: unknown): Promise<void> {
		const { backplane, onRevoked } = this.#options;
		onRevoked(userId);
		if (backplane.recipe === undefined) await backplane.append(TOPIC, encodeEventBody('revoked', userId));
	}

	deliver(events: EventFrame): void {
		this.#offset = events.last;
		for (const message of decodeDown(events.text)) {
			if (message.kind === 'event') this.#options.onRevoked(message.data);
		}
	}

	/** The log goes on in another epoch. Whether it leads on from where we are, it knows itself. */
	disconnected(): void {
		const last = { epoch: this.#epoch, offset: this.#offset };
		this.#moveTo(this.#topic?.head ?? last);
		runReported(() => this.#catchUp(last), this.#options.onError);
	}

	async #catchUp(last: Position): Promise<void> {
		const { backplane, onRevoked, onUnknown } = this.#options;
		try {
			const missed = await backplane.read(TOPIC, last);
			if (missed.kind === 'reset') return onUnknown();
			for (const { body } of missed.entries) onRevoked(decodeEventBody(body).data);
		} catch (error) {
			onUnknown();
			throw error;
		}
	}

	#moveTo({ epoch, offset }: Position): void {
		this.#epoch = epoch;
		this.#offset = offset;
	}

	#schedule(topic: HubTopic): void {
		this.#timer = this.#options.clock.setTimer(() => {
			runReported(() => topic.check(), this.#options.onError);
			this.#schedule(topic);
		}, CHECK_MS);
	}
}
