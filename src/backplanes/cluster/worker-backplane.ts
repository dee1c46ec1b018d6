// The backplane of a worker: asks the primary, which has the history and the order. Invariant: events of a topic are
// delivered in the order in which the primary said them, a worker's own ones in their place among those of others, and a
// publish resolves after its own delivery.

import type { Clock } from '../../base/clock.ts';
import { LiveError } from '../../base/errors.ts';
import type { Position } from '../../protocol/position.ts';
import type { EventBody } from '../../protocol/stream.ts';
import type { TopicName } from '../../protocol/topic.ts';
import type { Backplane, Delivery, ReadResult } from '../../server/backplane.ts';
import { ForwardedStore } from '../shared/forwarded-store.ts';
import { Outbox, type Channel } from './channel.ts';
import { CLUSTER_VERSION, type Answer, type Down, type LogSettings, type Up } from './messages.ts';

interface Request {
	/** What it counts of what may wait. */
	readonly characters: number;
	/** Called in the order of the answers, so that what it delivers is in order. */
	answered(answer: Answer): void;
	failed(error: LiveError): void;
}

export interface WorkerOptions {
	channel: Channel<Up, Down>;
	clock: Pick<Clock, 'defer'>;
	settings: LogSettings;
	/** The most characters of events that may wait for the primary. */
	waitingCharacters: number;
}

export class WorkerBackplane implements Backplane {
	readonly name = 'cluster';
	readonly store = new ForwardedStore((call) => this.#ask((id) => ['store', id, call], valueOf));
	readonly #options: WorkerOptions;
	readonly #outbox: Outbox<Up>;
	readonly #subscribed = new Set<TopicName>();
	readonly #requests = new Map<number, Request>();
	#ids = 0;
	/** Characters of events that the primary has not answered. */
	#waiting = 0;
	#deliver: ((delivery: Delivery) => void) | null = null;
	/** Why nothing can be asked. */
	#closed: LiveError | null = new LiveError('UNAVAILABLE', 'the backplane has not been started');
	#onAnswered: (() => void) | null = null;

	constructor(options: WorkerOptions) {
		this.#options = options;
		this.#outbox = new Outbox(options.channel, options.clock);
	}

	async start(deliver: (delivery: Delivery) => void): Promise<void> {
		const { channel, settings } = this.#options;
		this.#deliver = deliver;
		this.#closed = null;
		channel.listen({
			batch: (messages) => messages.forEach((message) => this.#hear(message)),
			ended: () => this.#close(new LiveError('UNAVAILABLE', 'the primary process has ended'))
		});
		await this.#ask((id) => ['hello', id, CLUSTER_VERSION, settings], ignore);
	}

	/** Waits for what was appended before. */
	async stop(clean = true): Promise<void> {
		const { channel } = this.#options;
		if (this.#closed === null) {
			// Nothing else may be left to do in this process.
			channel.keepAlive(true);
			const answered = new Promise<void>((resolve) => (this.#onAnswered = resolve));
			this.#ask((id) => ['leave', id, clean], ignore).catch(ignore); // the primary has ended: there is nothing to leave
			await answered;
		}
		this.#close(new LiveError('UNAVAILABLE', 'the backplane was stopped'));
		this.#deliver = null;
		this.#subscribed.clear();
		channel.close();
		channel.keepAlive(false);
	}

	subscribe(topic: TopicName): Promise<Position> {
		this.#subscribed.add(topic);
		return this.#ask((id) => ['subscribe', id, topic], positionOf);
	}

	unsubscribe(topic: TopicName): void {
		this.#subscribed.delete(topic);
		if (this.#closed === null) this.#outbox.add(['unsubscribe', topic]);
	}

	head(topic: TopicName): Promise<Position> {
		return this.#ask((id) => ['head', id, topic], positionOf);
	}

	append(topic: TopicName, body: EventBody): Promise<Position> {
		const make = (id: number): Up => ['append', id, topic, body];
		return this.#publish(body, make, (answer) => {
			const position = positionOf(answer);
			this.#hand({ topic, ...position, body, conflationKey: null });
			return position;
		});
	}

	/** By way of the primary also to this process itself: which value is the latest is then the same everywhere. */
	broadcast(topic: TopicName, body: EventBody, conflationKey: string | null): Promise<void> {
		const make = (id: number): Up => ['broadcast', id, topic, body, conflationKey];
		return this.#publish(body, make, () => this.#hand({ topic, epoch: '', offset: 0, body, conflationKey }));
	}

	read(topic: TopicName, after: Position): Promise<ReadResult> {
		const { epoch, offset } = after;
		return this.#ask(
			(id) => ['read', id, topic, epoch, offset],
			(answer) => readResultOf(answer, offset)
		);
	}

	#publish<Value>(body: EventBody, make: (id: number) => Up, take: (answer: Answer) => Value): Promise<Value> {
		const { waitingCharacters } = this.#options;
		if (this.#waiting + body.length <= waitingCharacters) return this.#ask(make, take, body.length);
		const limit = `more than ${waitingCharacters} characters of events wait for the primary process`;
		return Promise.reject(new LiveError('UNAVAILABLE', `${limit}; the limit is "waitingCharacters"`));
	}

	/** @param take makes the result of the answer, in the order of the answers */
	#ask<Value>(make: (id: number) => Up, take: (answer: Answer) => Value, characters = 0): Promise<Value> {
		if (this.#closed !== null) return Promise.reject(this.#closed);
		return new Promise((resolve, reject) => {
			const id = ++this.#ids;
			const answered = (answer: Answer): void => {
				try {
					resolve(take(answer));
				} catch (error) {
					reject(error);
				}
			};
			this.#requests.set(id, { characters, answered, failed: reject });
			this.#waiting += characters;
			this.#outbox.add(make(id));
		});
	}

	#hear(message: Down): void {
		if (message[0] !== 'event') return this.#answered(message);
		const [, topic, epoch, offset, body, conflationKey] = message;
		this.#hand({ topic, epoch, offset, body, conflationKey });
	}

	#hand(delivery: Delivery): void {
		if (this.#subscribed.has(delivery.topic)) this.#deliver?.(delivery);
	}

	#answered(answer: Answer): void {
		const [kind, id] = answer;
		const request = this.#requests.get(id);
		if (request === undefined) return; // it was given up
		this.#requests.delete(id);
		this.#waiting -= request.characters;
		if (kind === 'failed') request.failed(new LiveError(answer[2], answer[3]));
		else request.answered(answer);
		if (this.#requests.size === 0) this.#onAnswered?.();
	}

	#close(reason: LiveError): void {
		this.#closed = reason;
		const requests = [...this.#requests.values()];
		this.#requests.clear();
		this.#waiting = 0;
		for (const request of requests) request.failed(reason);
		this.#onAnswered?.();
	}
}

const ignore = (): void => {};

function positionOf(answer: Answer): Position {
	if (answer[0] !== 'position') return unexpected(answer);
	const [, , epoch, offset] = answer;
	return { epoch, offset };
}

function valueOf(answer: Answer): unknown {
	return answer[0] === 'value' ? answer[2] : unexpected(answer);
}

function readResultOf(answer: Answer, after: number): ReadResult {
	if (answer[0] === 'reset') return { kind: 'reset', reason: answer[2] };
	if (answer[0] !== 'events') return unexpected(answer);
	const [, , epoch, bodies] = answer;
	return { kind: 'events', epoch, entries: bodies.map((body, index) => ({ offset: after + index + 1, body })) };
}

function unexpected([kind]: Answer): never {
	throw new Error(`tidewire invariant broken: the primary answered "${kind}"`);
}
