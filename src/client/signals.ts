// Signals to this page, and questions that it answers. The first listener subscribes, the last one to leave ends it.

import { isLiveError } from '../base/errors.ts';
import type { MaybePromise } from '../base/maybe-promise.ts';
import { SIGNALS } from '../protocol/signals.ts';
import type { Client } from './client.ts';
import { client as pageClient } from './default-client.ts';
import { callAll } from './updates.ts';
import { sendVolatile } from './volatile.ts';

/** Takes a signal: its name and its data, which is whatever the server's code has sent. */
export type SignalListener = (event: string, data: unknown) => void;

/** Answers a question. What it throws refuses: a LiveError by its code, anything else as INTERNAL. */
export type AnswerQuestion = (data: unknown) => MaybePromise<unknown>;

const CHANNELS = [SIGNALS.user, SIGNALS.connection];

class PageSignals {
	readonly #client: Client;
	readonly #listeners = new Set<SignalListener>();
	readonly #answers = new Map<string, AnswerQuestion>();
	#end: (() => void) | null = null;

	constructor(client: Client) {
		this.#client = client;
	}

	listen(listener: SignalListener): () => void {
		const entry: SignalListener = (event, data) => listener(event, data);
		this.#listeners.add(entry);
		return this.#begin(() => this.#listeners.delete(entry));
	}

	answer(event: string, answer: AnswerQuestion): () => void {
		if (this.#answers.has(event)) throw new Error(`"${event}" is answered already: only one answer can count`);
		this.#answers.set(event, answer);
		return this.#begin(() => this.#answers.get(event) === answer && this.#answers.delete(event));
	}

	#begin(leave: () => void): () => void {
		this.#end ??= this.#subscribe();
		return () => {
			leave();
			if (this.#listeners.size + this.#answers.size > 0) return;
			this.#end?.();
			this.#end = null;
		};
	}

	#subscribe(): () => void {
		const ends = CHANNELS.flatMap((path) => {
			const stream = this.#client.stream(path, []);
			return [stream.onEvent((event, data) => this.#hear(event, data)), stream.onChange(() => {})];
		});
		return () => callAll(ends);
	}

	#hear(event: string, data: unknown): void {
		if (event === SIGNALS.question) void this.#reply(data as [string, string, string, unknown]);
		else callAll([...this.#listeners].map((listener) => () => listener(event, data)));
	}

	/** A page without an answer for it leaves the question to others. */
	async #reply([id, process, event, data]: [string, string, string, unknown]): Promise<void> {
		const answer = this.#answers.get(event);
		if (!answer) return;
		try {
			const result = await answer(data);
			await this.#client.call(SIGNALS.answer, [id, process, result]);
		} catch (error) {
			const [code, text] = isLiveError(error) ? [error.code, error.message] : ['INTERNAL', ''];
			// Where that cannot be sent either, whoever asked gives up in time.
			this.#client.call(SIGNALS.refuse, [id, process, code, text]).catch(() => {});
			if (!isLiveError(error)) report(error);
		}
	}
}

/** A mistake in the page: nobody else would be told. */
function report(error: unknown): void {
	// oxlint-disable-next-line no-console -- where there is no page
	const tell = globalThis.reportError ?? console.error;
	tell(error);
}

/**
 * Sends a message of your own, beside calls and streams, for `onUnhandled` of the server. Sent where the connection takes it at
 * once, and forgotten otherwise; nobody answers.
 * @param client another client than the page's
 * @throws {LiveError} BAD_REQUEST where it cannot travel, TOO_LARGE where it is too large
 */
export function sendMessage(data: unknown, client: Client = pageClient): void {
	sendVolatile(client, SIGNALS.message, [data]);
}

const signals = new WeakMap<Client, PageSignals>();

function signalsOf(client: Client): PageSignals {
	let known = signals.get(client);
	if (!known) signals.set(client, (known = new PageSignals(client)));
	return known;
}

/**
 * Calls `listener` with every signal to this page's user or to this page: `ctx.signal` on the server. A page hears nothing
 * of what is sent while it is not connected. Returns what ends it.
 * @param client another client than the page's
 */
export function onSignal(listener: SignalListener, client: Client = pageClient): () => void {
	return signalsOf(client).listen(listener);
}

/**
 * Answers `ctx.request(target, event, data)` of the server. Where several pages of a user do, the first answer counts.
 * Returns what ends it.
 * @param client another client than the page's
 * @throws {Error} where the event has an answer already
 */
export function onRequest(event: string, answer: AnswerQuestion, client: Client = pageClient): () => void {
	return signalsOf(client).answer(event, answer);
}
