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

/** Where messages go, as parts: `['user', 'ada']`. The kinds that features add stand for whoever minds a topic. */
export type Address = readonly [kind: AddressKind, id: string];

type AddressKind = 'user' | 'connection' | 'process' | 'presence' | 'cursors' | 'group';

/** Takes a message; what it returns is the answer, where one was asked for. A throw refuses. */
export type MessageHandler = (data: unknown) => MaybePromise<unknown>;

export interface MessengerOptions {
	backplane: Pick<Backplane, 'subscribe' | 'unsubscribe' | 'broadcast'>;
	clock: Clock;
	/** The name of this process, at which it takes answers. */
	process: string;
	onError: (error: unknown) => void;
}

/** What an answer has to name. */
export interface Question {
	/** Hard to guess: only who was asked can answer. */
	readonly id: string;
	/** The process that asked. */
	readonly process: string;
}

interface Patience {
	/** For the error: who was asked. */
	whom: string;
	timeoutMs: number;
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
		const post = ({ id, process }: Question): Promise<void> =>
			this.#post(topicOf(address), 'ask', { ask: id, from: process, data });
		return this.ask(post, { whom: address.join(' '), timeoutMs });
	}

	/**
	 * Asks by any way that brings an answer to `answer`, on whichever process.
	 * @param post sends the question
	 * @throws {LiveError} TIMEOUT where nobody has answered in time; what it was refused with
	 */
	ask(post: (question: Question) => Promise<void>, { whom, timeoutMs }: Patience): Promise<unknown> {
		const { clock, process } = this.#options;
		const id = randomName();
		return new Promise((resolve, reject) => {
			const late = new LiveError('TIMEOUT', `no answer came from ${whom} within ${timeoutMs} ms`);
			const timer = clock.setTimer(() => this.#settle(id)?.reject(late), timeoutMs);
			this.#asks.set(id, { resolve, reject, timer });
			this.#hear()
				.then(() => post({ id, process }))
				.catch((error: unknown) => this.#settle(id)?.reject(error));
		});
	}

	/** Takes an answer to whoever asked. Of several the first counts. */
	async answer({ id, process }: Question, data: unknown): Promise<void> {
		await this.#post(topicOf(['process', process]), 'answer', { ask: id, from: process, data });
	}

	/** The same where the answer is that there will be none. */
	async refuse({ id, process }: Question, { code, message }: LiveError): Promise<void> {
		const envelope = { ask: id, from: process, data: { code, message } };
		await this.#post(topicOf(['process', process]), 'refusal', envelope);
	}

	async #hear(): Promise<void> {
		try {
			this.#hearing ??= Promise.resolve(this.#options.backplane.subscribe(this.#own));
			await this.#hearing;
		} catch (error) {
			this.#hearing = null;
			throw error;
		}
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
		const { onError } = this.#options;
		const question = ask === null ? null : { id: ask, process: from };
		try {
			const content = await handler(data);
			if (question !== null) await this.answer(question, content);
		} catch (error) {
			if (!isLiveError(error)) onError(error);
			const refusal = isLiveError(error) ? error : new LiveError('INTERNAL');
			if (question !== null) await this.refuse(question, refusal).catch(onError);
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
