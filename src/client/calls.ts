// Calls, each answered once and sent at most once: a call whose socket died before the answer is never sent again, since
// it may have run. Queries change nothing, so they are.

import type { Timer } from '../base/clock.ts';
import { LiveError } from '../base/errors.ts';
import { encodeCall, encodeCancel, joinBatch } from '../protocol/call.ts';
import type { Link } from './link.ts';
import type { ClientSettings } from './options.ts';
import { requestKey, sendable } from './request.ts';
import type { Updates } from './updates.ts';

export interface CallOptions {
	/** Cancels the call: it rejects with `CANCELLED`, and the server is told. */
	signal?: AbortSignal | undefined;
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
	readonly repeatable: boolean;
	readonly resolve: (value: unknown) => void;
	readonly reject: (error: LiveError) => void;
	readonly signal: AbortSignal | undefined;
	readonly abort: () => void;
	sent: boolean;
	timer: Timer;
}

/** What travels as one message: one call, or a batch. */
interface Request {
	calls: PendingCall[];
	batch: Required<BatchOptions> | null;
}

export class Calls {
	readonly #link: Link;
	readonly #settings: ClientSettings;
	readonly #updates: Updates;
	readonly #pending = new Map<number, PendingCall>();
	/** Requests that wait for a connection. */
	#waiting: Request[] = [];
	/** The calls of the batch that is being put together. */
	#collected: PendingCall[] | null = null;
	readonly #queries = new Map<string, Promise<unknown>>();

	constructor(link: Link, settings: ClientSettings, updates: Updates) {
		this.#link = link;
		this.#settings = settings;
		this.#updates = updates;
	}

	call(path: string, args: readonly unknown[], options: CallOptions = {}): Promise<unknown> {
		return this.#start(path, args, { signal: options.signal, repeatable: false });
	}

	query(path: string, args: readonly unknown[], { fresh = false }: QueryOptions = {}): Promise<unknown> {
		if (fresh) return this.#start(path, args, { signal: undefined, repeatable: true });
		const key = requestKey(path, args);
		const shared = this.#queries.get(key);
		if (shared) return shared;
		const answer = this.#start(path, args, { signal: undefined, repeatable: true });
		const forget = () => void this.#queries.delete(key);
		this.#queries.set(key, answer);
		answer.then(forget, forget);
		return answer;
	}

	/** Makes the calls that `collect` makes, before it returns, travel as one message. */
	batch<Results>(collect: () => Results, { sequential = false }: BatchOptions): Results {
		if (this.#collected) return collect();
		const calls: PendingCall[] = [];
		this.#collected = calls;
		try {
			const results = collect();
			this.#submit({ calls, batch: { sequential } });
			return results;
		} finally {
			this.#collected = null;
		}
	}

	/** The answer to a call. Returns false where the id is none of a call. */
	settle(id: number, outcome: { value: unknown } | { error: LiveError }): boolean {
		const call = this.#pending.get(id);
		if (!call) return false;
		this.#release(call);
		if ('error' in outcome) call.reject(outcome.error);
		else call.resolve(outcome.value);
		return true;
	}

	/** The connection is open: sends what waited for it. */
	opened(): void {
		const waiting = this.#waiting;
		this.#waiting = [];
		for (const request of waiting) this.#send(request);
	}

	/** The connection is lost. Whatever was sent cannot be answered; `final`: whatever waits will not be sent. */
	failed(error: LiveError, final: boolean): void {
		for (const call of this.#pending.values()) {
			if (call.sent && call.repeatable && !final) this.#repeat(call);
			else if (call.sent) this.settle(call.id, { error: lost(call, error) });
			else if (final) this.settle(call.id, { error });
		}
		if (final) this.#waiting = [];
	}

	#start(
		path: string,
		args: readonly unknown[],
		options: Pick<PendingCall, 'signal' | 'repeatable'>
	): Promise<unknown> {
		return new Promise((resolve, reject) => {
			if (options.signal?.aborted) throw cancelled(path, options.signal);
			const id = this.#link.nextId();
			const text = sendable(path, () => encodeCall(id, path, args));
			const abort = () => this.#updates.run(() => this.#abort(call));
			const call: PendingCall = {
				...options,
				id,
				path,
				text,
				resolve,
				reject,
				abort,
				sent: false,
				timer: undefined
			};
			if (this.#collected) this.#collected.push(call);
			else this.#submit({ calls: [call], batch: null });
		});
	}

	#submit(request: Request): void {
		const refusal = this.#refusalOf(request);
		if (refusal) return request.calls.forEach((call) => call.reject(refusal));
		for (const call of request.calls) {
			this.#pending.set(call.id, call);
			call.signal?.addEventListener('abort', call.abort);
			this.#expire(call);
		}
		if (this.#link.open) this.#send(request);
		else this.#waiting.push(request);
	}

	/** Why a request is not even tried. */
	#refusalOf({ calls, batch }: Request): LiveError | undefined {
		const { batchCalls } = this.#link.limits;
		if (batch && calls.length > batchCalls) {
			return new LiveError(
				'TOO_MANY',
				`a batch of ${calls.length} calls; the limit "batchCalls" is ${batchCalls}`
			);
		}
		const refusal = this.#link.demand();
		const { maxWaitingCalls } = this.#settings;
		if (refusal || this.#link.open || this.#waitingCalls() + calls.length <= maxWaitingCalls) return refusal;
		const reason = this.#link.status.error?.message ?? 'not connected yet';
		return new LiveError(
			'TOO_MANY',
			`${maxWaitingCalls} calls wait for a connection ("maxWaitingCalls"): ${reason}`
		);
	}

	#waitingCalls(): number {
		let count = 0;
		for (const { calls } of this.#waiting) count += calls.length;
		return count;
	}

	#send({ calls, batch }: Request): void {
		// A call that was cancelled or gave up while it waited must not run.
		const live = calls.filter((call) => this.#pending.has(call.id));
		const [first] = live;
		if (!first) return;
		try {
			this.#link.send(
				batch
					? joinBatch(
							batch.sequential,
							live.map((call) => call.text)
						)
					: first.text
			);
		} catch (error) {
			return live.forEach((call) => this.settle(call.id, { error: error as LiveError }));
		}
		for (const call of live) {
			call.sent = true;
			this.#expire(call);
		}
	}

	/** Sends a query again with the next connection. Its time goes on, so that one that breaks servers ends, too. */
	#repeat(call: PendingCall): void {
		call.sent = false;
		this.#waiting.push({ calls: [call], batch: null });
	}

	#expire(call: PendingCall): void {
		const { clock, answerMarginMs } = this.#settings;
		const limitMs = this.#link.limits.callTimeoutMs + answerMarginMs;
		clock.clearTimer(call.timer);
		call.timer = clock.setTimer(() => this.#updates.run(() => this.#giveUp(call, limitMs)), limitMs);
	}

	#giveUp(call: PendingCall, limitMs: number): void {
		this.#tellCancelled(call);
		this.settle(call.id, {
			error: call.sent ? unanswered(call, limitMs) : unsent(call, limitMs, this.#link.status.error)
		});
	}

	#abort(call: PendingCall): void {
		this.#tellCancelled(call);
		this.settle(call.id, { error: cancelled(call.path, call.signal) });
	}

	#tellCancelled(call: PendingCall): void {
		if (call.sent && this.#link.open) this.#link.send(encodeCancel(call.id));
	}

	#release(call: PendingCall): void {
		this.#pending.delete(call.id);
		this.#settings.clock.clearTimer(call.timer);
		call.signal?.removeEventListener('abort', call.abort);
	}
}

function cancelled(path: string, signal: AbortSignal | undefined): LiveError {
	return new LiveError('CANCELLED', `${path} was cancelled`, { cause: signal?.reason });
}

function lost(call: PendingCall, cause: LiveError): LiveError {
	const message = `${call.path} was sent and not answered, and may have run: ${cause.message}`;
	return new LiveError('CONNECTION_LOST', message, { cause });
}

function unanswered(call: PendingCall, limitMs: number): LiveError {
	return new LiveError('TIMEOUT', `${call.path} was not answered within ${limitMs} ms`);
}

function unsent(call: PendingCall, limitMs: number, cause: LiveError | undefined): LiveError {
	const message = `${call.path} was not sent: no connection for ${limitMs} ms (${cause?.message ?? 'still connecting'})`;
	return new LiveError('UNAVAILABLE', message, { cause });
}
