// Calls, each answered once and sent at most once: a call whose socket died before the answer is never sent again, since
// it may have run. Queries change nothing, and calls with a key take effect once, so they are.

import type { Timer } from '../base/clock.ts';
import type { LiveError } from '../base/errors.ts';
import { encodeCall, encodeCancel, encodeKeyedCall, joinBatch } from '../protocol/call.ts';
import { failure, overLimit } from './failure.ts';
import type { Link } from './link.ts';
import type { ClientSettings } from './options.ts';
import { requestKey, sendable } from './request.ts';
import type { Updates } from './updates.ts';

export interface CallOptions {
	/** Cancels the call: it rejects with `CANCELLED`, and the server is told. */
	signal?: AbortSignal | undefined;
	/**
	 * Names the request, for a function made by `live.idempotent`: however often it is sent with this key, it takes effect
	 * once. 1 to 128 characters. Such a call is sent again by itself after a lost connection.
	 */
	key?: string | undefined;
}

export interface QueryOptions {
	/** Sends a request of its own instead of sharing one under way. @default false */
	fresh?: boolean;
}

export interface BatchOptions {
	/** Whether the server runs each call only after the one before it. @default false */
	sequential?: boolean;
}

interface PendingCall {
	readonly id: number;
	readonly path: string;
	/** The encoded message: what the arguments were when the call was made. */
	readonly text: string;
	/** Whether it may be sent again after a lost connection. */
	readonly repeatable?: boolean;
	readonly resolve: (value: unknown) => void;
	readonly reject: (error: LiveError) => void;
	readonly signal?: AbortSignal | undefined;
	readonly abort: () => void;
	/** Whether an answer may come on this connection. */
	sent: boolean;
	/** Whether it was sent on an earlier one. */
	repeated: boolean;
	timer?: Timer;
	/** What it travels with. */
	request?: Request;
}

/** What travels as one message: one call, or a batch. */
interface Request {
	readonly calls: PendingCall[];
	/** Undefined where it is no batch. */
	readonly batch?: BatchOptions;
}

export class Calls {
	readonly #link: Link;
	readonly #settings: ClientSettings;
	readonly #updates: Updates;
	/** In the order in which they were made: those that wait for a connection are sent in it. */
	readonly #pending = new Map<number, PendingCall>();
	/** The calls of the batch that is being put together. */
	#collected: PendingCall[] | null = null;
	readonly #queries = new Map<string, Promise<unknown>>();

	constructor(link: Link, settings: ClientSettings, updates: Updates) {
		this.#link = link;
		this.#settings = settings;
		this.#updates = updates;
	}

	call(path: string, args: readonly unknown[], options: CallOptions = {}): Promise<unknown> {
		return this.#start(path, args, { ...options, repeatable: options.key !== undefined });
	}

	query(path: string, args: readonly unknown[], { fresh = false }: QueryOptions = {}): Promise<unknown> {
		if (fresh) return this.#start(path, args, { repeatable: true });
		const key = requestKey(path, args);
		const shared = this.#queries.get(key);
		if (shared) return shared;
		const answer = this.#start(path, args, { repeatable: true });
		const forget = () => void this.#queries.delete(key);
		this.#queries.set(key, answer);
		answer.then(forget, forget);
		return answer;
	}

	/** Makes the calls that `collect` makes, before it returns, travel as one message. */
	batch<Results>(collect: () => Results, batch: BatchOptions): Results {
		if (this.#collected) return collect();
		const calls: PendingCall[] = [];
		this.#collected = calls;
		try {
			const results = collect();
			this.#submit({ calls, batch });
			return results;
		} finally {
			this.#collected = null;
		}
	}

	/** The call of this id, which is over; undefined where the id is none of a call. */
	take(id: number): Pick<PendingCall, 'resolve' | 'reject'> | undefined {
		const call = this.#pending.get(id);
		if (!call) return undefined;
		this.#pending.delete(id);
		this.#updates.forget(call.timer);
		call.signal?.removeEventListener('abort', call.abort);
		return call;
	}

	/** The connection is open: sends what waited for it. */
	opened(): void {
		// Sending a call sends those of its batch with it.
		for (const { sent, request } of this.#pending.values()) if (!sent && request) this.#send(request);
	}

	/** The connection is lost. Whatever was sent cannot be answered; `final`: whatever waits will not be sent. */
	failed(error: LiveError, final: boolean): void {
		for (const call of this.#pending.values()) {
			if (call.sent && call.repeatable && !final) this.#repeat(call);
			else if (call.sent)
				this.#reject(call, failure('CONNECTION_LOST', `${call.path} has no answer and may have run`, error));
			else if (final) this.#reject(call, error);
		}
	}

	#start(
		path: string,
		args: readonly unknown[],
		{ key, ...options }: CallOptions & Pick<PendingCall, 'repeatable'>
	): Promise<unknown> {
		return new Promise((resolve, reject) => {
			if (options.signal?.aborted) throw cancelled(path, options.signal);
			const id = this.#link.nextId();
			const text = sendable(path, () =>
				key === undefined ? encodeCall(id, path, args) : encodeKeyedCall({ id, path, args: [...args], key })
			);
			const abort = () => this.#updates.run(() => this.#giveUp(call, cancelled(path, call.signal)));
			const call: PendingCall = {
				...options,
				id,
				path,
				text,
				resolve,
				reject,
				abort,
				sent: false,
				repeated: false
			};
			if (this.#collected) this.#collected.push(call);
			else this.#submit({ calls: [call] });
		});
	}

	#submit(request: Request): void {
		const refusal = this.#refusalOf(request);
		for (const call of request.calls) {
			if (refusal) call.reject(refusal);
			else this.#wait(call, request);
		}
		if (this.#link.open) this.#send(request);
	}

	#wait(call: PendingCall, request: Request): void {
		call.request = request;
		this.#pending.set(call.id, call);
		call.signal?.addEventListener('abort', call.abort);
		this.#expire(call);
	}

	/** Why a request is not even tried. */
	#refusalOf({ calls, batch }: Request): LiveError | undefined {
		const { batchCalls } = this.#link.limits;
		if (batch && calls.length > batchCalls)
			return overLimit('TOO_MANY', `${calls.length} calls in a batch`, `"batchCalls" is ${batchCalls}`);
		const refusal = this.#link.demand();
		if (refusal || this.#link.open) return refusal;
		const { maxWaitingCalls } = this.#settings;
		const waiting = this.#pending.size + calls.length;
		if (waiting <= maxWaitingCalls) return undefined;
		return overLimit(
			'TOO_MANY',
			`${waiting} calls without a connection`,
			`"maxWaitingCalls" is ${maxWaitingCalls}`
		);
	}

	#send({ calls, batch }: Request): void {
		// A call that was cancelled or gave up while it waited must not run.
		const live = calls.filter((call) => this.#pending.has(call.id));
		const texts = live.map((call) => call.text);
		if (!texts[0]) return;
		try {
			this.#link.send(batch ? joinBatch(batch.sequential === true, texts) : texts[0]);
		} catch (error) {
			for (const call of live) this.#reject(call, error as LiveError);
			return;
		}
		for (const call of live) {
			call.sent = true;
			if (!call.repeated) this.#expire(call);
		}
	}

	/** Sends a query, or a call with a key, again with the next connection. Its time goes on, so that one that breaks servers ends, too. */
	#repeat(call: PendingCall): void {
		call.sent = false;
		call.repeated = true;
		call.request = { calls: [call] };
	}

	#expire(call: PendingCall): void {
		const limitMs = this.#link.limits.callTimeoutMs + this.#settings.answerMarginMs;
		call.timer = this.#updates.after(limitMs, call.timer, () => {
			this.#giveUp(call, late(call, limitMs, this.#link.status.error));
		});
	}

	#giveUp(call: PendingCall, error: LiveError): void {
		if (call.sent && this.#link.open) this.#link.send(encodeCancel(call.id));
		this.#reject(call, error);
	}

	#reject(call: PendingCall, error: LiveError): void {
		this.take(call.id)?.reject(error);
	}
}

function cancelled(path: string, signal: AbortSignal | undefined): LiveError {
	return failure('CANCELLED', `${path} was cancelled`, signal?.reason);
}

function late({ path, sent }: PendingCall, limitMs: number, cause: LiveError | undefined): LiveError {
	if (sent) return failure('TIMEOUT', `${path} has no answer after ${limitMs} ms`);
	return failure('UNAVAILABLE', `${path} was not sent within ${limitMs} ms`, cause);
}
