// The many answers of one call, taken one after another. Invariant: what came is given out before the end, and an end that is no
// answer is an error: a loop never just stops.

import type { Timer } from '../base/clock.ts';
import type { LiveError } from '../base/errors.ts';
import { encodeCancel } from '../protocol/call.ts';
import { encodeMore } from '../protocol/values.ts';
import type { ExtensionHost } from './extension.ts';
import { failure } from './failure.ts';
import { awaitConnection } from './waiting.ts';

export interface ReadingRequest {
	readonly path: string;
	/** The message, for a connection on which it has this id. */
	encode(id: number): string;
	/** What the server sends without being asked for more. */
	readonly first: number;
	/** How much of that a value takes. */
	costOf(value: unknown): number;
	/** Somebody wants values: it needs a connection. */
	began(): void;
	/** It was sent: values have this id. */
	sent(id: number): void;
	/** @param id null where it was not sent */
	ended(id: number | null): void;
}

interface Waiting {
	readonly resolve: (result: IteratorResult<unknown>) => void;
	readonly reject: (error: LiveError) => void;
}

export class Reading implements AsyncIterator<unknown> {
	readonly #host: ExtensionHost;
	readonly #request: ReadingRequest;
	readonly #values: unknown[] = [];
	#waiting: Waiting[] = [];
	#id: number | null = null;
	#begun = false;
	#ended = false;
	/** What the iteration throws when everything before it was taken. */
	#error: LiveError | null = null;
	#result: unknown = undefined;
	/** Taken, and not asked for again. */
	#taken = 0;
	#timer: Timer;

	constructor(host: ExtensionHost, request: ReadingRequest) {
		this.#host = host;
		this.#request = request;
	}

	next(): Promise<IteratorResult<unknown>> {
		this.#host.updates.run(() => this.#begin());
		if (this.#values.length > 0) return Promise.resolve({ done: false, value: this.#take() });
		if (this.#ended) return this.#atEnd();
		return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
	}

	/** The loop was left. */
	return(value?: unknown): Promise<IteratorResult<unknown>> {
		const { link, updates } = this.#host;
		updates.run(() => {
			if (this.#id !== null && link.open) link.send(encodeCancel(this.#id));
			this.#begun = true;
			this.#values.length = 0;
			this.end(null, value);
		});
		this.#error = null;
		return Promise.resolve({ done: true, value });
	}

	#take(): unknown {
		const value = this.#values.shift();
		this.#taken += this.#request.costOf(value);
		// Half of what may be under way: the server seldom has to wait.
		if (this.#id !== null && this.#taken >= this.#request.first / 2) {
			this.#host.link.send(encodeMore(this.#id, this.#taken));
			this.#taken = 0;
		}
		return value;
	}

	/** An error is thrown once, as by a generator. */
	#atEnd(): Promise<IteratorResult<unknown>> {
		const error = this.#error;
		this.#error = null;
		return error === null ? Promise.resolve({ done: true, value: this.#result }) : Promise.reject(error);
	}

	#begin(): void {
		if (this.#begun) return;
		this.#begun = true;
		const { link } = this.#host;
		const refusal = link.demand();
		if (refusal) return this.end(refusal);
		this.#request.began();
		if (link.open) this.open();
		else this.#timer = awaitConnection(this.#host, this.#timer, (error) => this.end(error));
	}

	/** The connection is open. */
	open(): void {
		if (this.#id !== null || this.#ended) return;
		const { link, answers, updates } = this.#host;
		updates.forget(this.#timer);
		const id = link.nextId();
		try {
			link.send(this.#request.encode(id));
		} catch (error) {
			return this.end(error as LiveError);
		}
		this.#id = id;
		answers.set(id, { resolve: (value) => this.end(null, value), reject: (error) => this.end(error) });
		this.#request.sent(id);
	}

	give(value: unknown): void {
		this.#values.push(value);
		const waiting = this.#waiting.shift();
		waiting?.resolve({ done: false, value: this.#take() });
	}

	/** The connection is lost; nobody knows what would have come. */
	lost(error: LiveError, final: boolean): void {
		if (this.#id !== null) this.end(failure('CONNECTION_LOST', `${this.#request.path} was cut off`, error));
		else if (final) this.end(error);
	}

	end(error: LiveError | null, result?: unknown): void {
		if (this.#ended) return;
		this.#ended = true;
		this.#error = error;
		this.#result = result;
		this.#host.updates.forget(this.#timer);
		if (this.#id !== null) this.#host.answers.delete(this.#id);
		this.#request.ended(this.#id);
		this.#id = null;
		for (const waiting of this.#waiting.splice(0)) this.#atEnd().then(waiting.resolve, waiting.reject);
	}
}
