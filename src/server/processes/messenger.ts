// Messages to whoever listens at an address, on any process: to the connections of a user, to one connection, to one
// process. At most once, and nobody may listen: who needs to know asks for an answer.

import { randomName } from '../../base/random.ts';
import type { Clock, Timer } from '../../base/clock.ts';
import { isLiveError, LiveError } from '../../base/errors.ts';
import type { MaybePromise } from '../../base/maybe-promise.ts';
import { decodeEventBody, encodeEventBody } from '../../protocol/stream.ts';
import type { TopicName } from '../../protocol/topic.ts';
import type { Backplane, Delivery } from '../backplane.ts';
import { systemTopic } from './system-topic.ts';

/** Where messages go, as parts: `['user', 'ada']`. */
export type Address = readonly [kind: 'user' | 'connection' | 'process', id: string];

/** Takes a message; what it returns is the answer, where one was asked for. A throw refuses. */
export type MessageHandler = (data: unknown) => MaybePromise<unknown>;

export interface MessengerOptions {
	backplane: Pick<Backplane, 'subscribe' | 'unsubscribe' | 'broadcast'>;
	clock: Clock;
	/** The name of this process, at which it takes answers. */
	process: string;
	onError: (error: unknown) => void;
}

interface Ask {
	resolve: (answer: unknown) => void;
	reject: (error: unknown) => void;
	timer: Timer;
}

/** What travels beside `data`: where an answer goes, and to which question. */
interface Envelope {
	ask: string | null;
	from: string;
	data: unknown;
}

export class Messenger {
	readonly #options: MessengerOptions;
	readonly #handlers = new Map<TopicName, Set<MessageHandler>>();
	readonly #asks = new Map<string, Ask>();
	readonly #own: TopicName;
	/** Answers arrive from the first question on. */
	#hearing: Promise<unknown> | null = null;

	constructor(options: MessengerOptions) {
		this.#options = options;
		this.#own = topicOf(['process', options.process]);
	}

	/** Fails whoever still waits for an answer. */
	stop(): void {
		for (const id of [...this.#asks.keys()]) this.#settle(id)?.reject(stopped());
	}

	/**
	 * Takes the messages of an address, until what this returns is called.
	 * @throws {LiveError} UNAVAILABLE where the backplane cannot be reached
	 */
	async listen(address: Address, handler: MessageHandler): Promise<() => void> {
		const topic = topicOf(address);
		const handlers = this.#handlers.get(topic) ?? new Set();
		this.#handlers.set(topic, handlers.add(handler));
		const leave = (): void => this.#leave(topic, handler);
		try {
			await this.#options.backplane.subscribe(topic);
			return leave;
		} catch (error) {
			leave();
			throw error;
		}
	}

	#leave(topic: TopicName, handler: MessageHandler): void {
		const handlers = this.#handlers.get(topic);
		if (!handlers?.delete(handler) || handlers.size > 0) return;
		this.#handlers.delete(topic);
		if (topic !== this.#own) this.#options.backplane.unsubscribe(topic);
	}

	/** Resolves when the message is on its way. */
	async send(address: Address, data: unknown): Promise<void> {
		await this.#post(topicOf(address), 'send', { ask: null, from: '', data });
	}

	/**
	 * Asks whoever listens at an address; the first answer counts.
	 * @throws {LiveError} TIMEOUT where nobody has answered in time; what the handler refused with
	 */
	request(address: Address, data: unknown, timeoutMs: number): Promise<unknown> {
		const { clock, process } = this.#options;
		const id = randomName();
		return new Promise((resolve, reject) => {
			const late = new LiveError('TIMEOUT', `no answer came from ${address.join(' ')} within ${timeoutMs} ms`);
			const timer = clock.setTimer(() => this.#settle(id)?.reject(late), timeoutMs);
			this.#asks.set(id, { resolve, reject, timer });
			this.#ask(address, { ask: id, from: process, data }).catch((error: unknown) =>
				this.#settle(id)?.reject(error)
			);
		});
	}

	async #ask(address: Address, envelope: Envelope): Promise<void> {
		try {
			this.#hearing ??= Promise.resolve(this.#options.backplane.subscribe(this.#own));
			await this.#hearing;
		} catch (error) {
			this.#hearing = null;
			throw error;
		}
		await this.#post(topicOf(address), 'ask', envelope);
	}

	/** Whether a delivery was a message. */
	receive({ topic, body }: Delivery): boolean {
		const handlers = this.#handlers.get(topic);
		if (handlers === undefined && topic !== this.#own) return false;
		const { event, data } = decodeEventBody(body);
		const envelope = data as Envelope;
		if (event === 'answer') this.#settle(envelope.ask)?.resolve(envelope.data);
		else if (event === 'refusal') this.#settle(envelope.ask)?.reject(refusalOf(envelope.data));
		else for (const handler of handlers ?? []) void this.#handle(handler, envelope);
		return true;
	}

	async #handle(handler: MessageHandler, { ask, from, data }: Envelope): Promise<void> {
		const { process, onError } = this.#options;
		const answer = (kind: 'answer' | 'refusal', content: unknown): Promise<void> =>
			ask === null
				? Promise.resolve()
				: this.#post(topicOf(['process', from]), kind, { ask, from: process, data: content });
		try {
			await answer('answer', await handler(data));
		} catch (error) {
			if (!isLiveError(error)) onError(error);
			const { code, message } = isLiveError(error) ? error : new LiveError('INTERNAL');
			await answer('refusal', { code, message }).catch(onError);
		}
	}

	async #post(topic: TopicName, kind: string, envelope: Envelope): Promise<void> {
		await this.#options.backplane.broadcast(topic, encodeEventBody(kind, envelope), null);
	}

	#settle(id: string | null): Ask | undefined {
		const ask = id === null ? undefined : this.#asks.get(id);
		if (id === null || ask === undefined) return undefined; // of another process, or given up
		this.#asks.delete(id);
		this.#options.clock.clearTimer(ask.timer);
		return ask;
	}
}

const topicOf = ([kind, id]: Address): TopicName => systemTopic('to', kind, id);

const stopped = (): LiveError => new LiveError('UNAVAILABLE', 'the server was stopped');

function refusalOf(data: unknown): LiveError {
	const { code, message } = data as { code: string; message: string };
	return new LiveError(code, message);
}
