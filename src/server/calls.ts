// The calls of one connection: a bounded number runs, a bounded number waits, each is answered exactly once unless the
// connection is gone. A handler that is synchronous is answered at once: it has no promise, no timer and no entry here.

import type { Clock, Timer } from '../base/clock.ts';
import { isLiveError, LiveError } from '../base/errors.ts';
import { isPromise, type MaybePromise } from '../base/maybe-promise.ts';
import { encodeError, encodeResult, type Batch, type Call } from '../protocol/call.ts';
import type { RequestId } from '../protocol/fields.ts';
import type { Limits } from '../protocol/limits.ts';
import type { Refused } from '../protocol/request.ts';
import type { Conversation, FollowUp, OngoingCall } from './conversation.ts';
import type { CallDefinition, Handler, Middleware } from './definition.ts';
import { invoke, type Invocation } from './invoke.ts';
import { keyedHandler } from './keyed-call.ts';
import type { Observer, Outcome } from './observer.ts';
import type { Overload } from './overload.ts';
import type { Once } from './processes/once.ts';
import { notFound, tooMany } from './refusal.ts';
import type { Registered } from './registry.ts';
import type { HostedContext } from './stream-host.ts';

/** What calls need from their connection. */
export interface CallHost {
	readonly clock: Clock;
	readonly limits: Limits;
	/** Runs what has a key. */
	readonly once: Once;
	readonly middleware: readonly Middleware[];
	/** Whether this process can keep up. */
	readonly overload: Overload;
	/** Whether the client takes its answers; until it does, no waiting call is started. */
	readonly hasRoom: boolean;
	find(path: string): Registered | undefined;
	contextFor(path: string): HostedContext;
	send(text: string): void;
	sendBytes(frame: Uint8Array): void;
	/** Returns when the client has taken most of what it was sent. */
	room(): MaybePromise<void>;
	clientError(error: unknown, context: HostedContext): LiveError;
	/** A call ended and none is left. */
	callsDone(): void;
	/** An error that no client is told of. */
	report(path: string, error: unknown, context: HostedContext): void;
	/** A handler runs until this settles, also where its caller has gone. */
	handling(outcome: PromiseLike<unknown>): void;
}

interface RunningCall {
	readonly id: RequestId;
	readonly context: HostedContext;
	/** Told when the call ended, for the next one of a sequential batch. */
	readonly onEnd: (() => void) | null;
	/** Whether it goes on when its connection is gone: its client asks for the answer again. */
	readonly outlives: boolean;
	/** What it does besides answering once; null where that is nothing. */
	conversation: Conversation | null;
	/** Ends a call that takes too long; null where it has not outlasted its first turn. */
	timer: Timer | null;
	/** How long it may take to get further. */
	readonly idleMs: number;
	/** When it last got further; 0 where it never said so. */
	progressedMs: number;
	/** Whether it was answered, or its connection is gone. */
	ended: boolean;
	/** For the observer; 0 where there is none. */
	readonly beganMs: number;
	/** Whether nobody waits for its answer. */
	readonly silent: boolean;
}

interface WaitingCall {
	call: Call | Refused;
	onEnd: (() => void) | null;
}

export class Calls {
	readonly #host: CallHost;
	readonly #observer: Observer | null;
	/** Calls that outlasted their first turn. */
	readonly #running = new Map<RequestId, RunningCall>();
	#waiting: WaitingCall[] = [];
	/** Calls of sequential batches whose turn has not come. */
	readonly #later = new Set<RequestId>();
	/** Bytes that ended calls had asked for: they may still be on their way. */
	#strayBytes = 0;
	/** Why the connection is gone; null while it is there. */
	#aborted: LiveError | null = null;

	constructor(host: CallHost, observer: Observer | null) {
		this.#host = host;
		this.#observer = observer;
	}

	/** Calls that run or wait. */
	get size(): number {
		return this.#running.size + this.#waiting.length + this.#later.size;
	}

	has(id: RequestId): boolean {
		return this.#running.has(id) || this.#later.has(id) || this.#waiting.some(({ call }) => call.id === id);
	}

	start(call: Call | Refused, onEnd: (() => void) | null = null): void {
		const { callsInFlight, callsQueued } = this.#host.limits;
		if (this.#running.size < callsInFlight) this.#run(call, onEnd);
		else if (call.silent) this.#refuse(call, tooMany('calls run', 'callsInFlight', callsInFlight), onEnd);
		else if (this.#waiting.length < callsQueued) this.#waiting.push({ call, onEnd });
		else this.#refuse(call, tooMany('calls wait', 'callsQueued', callsQueued), onEnd);
	}

	/**
	 * What the client says of a call that runs. What comes for one that has ended was on its way.
	 * @throws {LiveError} PROTOCOL_ERROR
	 */
	hear(message: FollowUp): void {
		const hear = this.#running.get(message.id)?.conversation;
		if (hear?.hear) return hear.hear(message);
		if (message.kind !== 'chunk') return;
		this.#strayBytes -= message.bytes.length;
		if (this.#strayBytes < 0)
			throw new LiveError('PROTOCOL_ERROR', `bytes came that nothing has asked for, under the id ${message.id}`);
	}

	startBatch({ calls, sequential }: Batch): void {
		const { batchCalls } = this.#host.limits;
		if (calls.length > batchCalls) {
			const error = new LiveError(
				'TOO_MANY',
				`${calls.length} calls in one batch; the limit "batchCalls" is ${batchCalls}`
			);
			for (const { id } of calls) this.#host.send(encodeError(id, error));
		} else if (sequential) {
			for (const { id } of calls) this.#later.add(id);
			this.#startInOrder(calls, 0);
		} else for (const call of calls) this.start(call);
	}

	#startInOrder(calls: readonly (Call | Refused)[], index: number): void {
		const call = calls[index];
		if (!call) return;
		const next = (): void => this.#startInOrder(calls, index + 1);
		if (this.#later.delete(call.id)) this.start(call, next);
		else next(); // it was cancelled before its turn came
	}

	/** Starts what waited for the client to take its answers. */
	goOn(): void {
		if (this.#waiting.length > 0) this.#next();
	}

	cancel(id: RequestId): void {
		const running = this.#running.get(id);
		const error = new LiveError('CANCELLED', 'the client cancelled the call');
		if (running) return this.#fail(running, error);
		if (this.#later.delete(id)) return this.#host.send(encodeError(id, error));
		const waiting = this.#waiting.find(({ call }) => call.id === id);
		if (!waiting) return; // it was answered while the cancellation travelled
		this.#waiting = this.#waiting.filter((other) => other !== waiting);
		this.#refuse(waiting.call, error, waiting.onEnd);
	}

	/** The connection is gone: handlers are told, nobody is answered. */
	abortAll(reason: LiveError): void {
		this.#aborted = reason;
		const running = [...this.#running.values()];
		this.#running.clear();
		this.#waiting = [];
		this.#later.clear();
		for (const call of running) {
			this.#host.clock.clearTimer(call.timer);
			this.#abandon(call, reason);
		}
	}

	#run(call: Call | Refused, onEnd: (() => void) | null): void {
		if (call.kind === 'refused') return this.#refuse(call, call.error, onEnd);
		const registered = this.#host.find(call.path);
		if (registered?.definition.kind !== 'call') return this.#refuse(call, notFound(call.path), onEnd);
		const { definition } = registered;
		const shed = this.#host.overload.refusal(definition.priority);
		if (shed !== null) return this.#refuse(call, shed, onEnd);
		const context = this.#host.contextFor(call.path);
		const beganMs = this.#observer === null ? 0 : this.#host.clock.now();
		const running: RunningCall = {
			id: call.id,
			context,
			onEnd,
			outlives: call.key !== undefined,
			conversation: null,
			timer: null,
			idleMs: definition.idleMs ?? this.#host.limits.callTimeoutMs,
			progressedMs: 0,
			ended: false,
			beganMs,
			silent: call.silent === true
		};
		const middleware = definition.isInner === true ? [] : this.#host.middleware;
		const invocation = { registered, middleware, context, args: call.args };
		let outcome: MaybePromise<unknown>;
		try {
			const handler = this.#handlerOf(call, definition, running);
			const span = this.#observer?.span;
			outcome = span === undefined ? invoke(invocation, handler) : traced(span, invocation, handler);
		} catch (error) {
			return this.#fail(running, error);
		}
		this.#follow(running, outcome);
	}

	#handlerOf(call: Call, definition: CallDefinition, running: RunningCall): Handler {
		if (running.silent && definition.volatile !== true)
			throw new LiveError('BAD_REQUEST', `"${call.path}" wants its answer to be waited for`);
		if (definition.converse !== undefined) {
			running.conversation = definition.converse(this.#ongoing(call, running));
			return running.conversation.handler;
		}
		if (call.bytes !== undefined || call.file !== undefined)
			throw new LiveError(
				'BAD_REQUEST',
				`"${call.path}" takes no bytes: it is not made by live.binary or live.upload`
			);
		if (definition.once === null && call.key === undefined) return definition.handler;
		return keyedHandler(call, definition, { once: this.#host.once, waitMs: this.#host.limits.callTimeoutMs });
	}

	#follow(running: RunningCall, outcome: MaybePromise<unknown>): void {
		if (isPromise(outcome)) {
			this.#keep(running);
			outcome.then(
				(value) => this.#published(running, value),
				(error: unknown) => this.#fail(running, error)
			);
			this.#host.handling(outcome);
		} else this.#published(running, outcome);
	}

	/** What the handler published is in its log before the call is answered. */
	#published(running: RunningCall, value: unknown): void {
		const published = running.context.published;
		if (published === undefined) return this.#answer(running, value);
		this.#keep(running);
		published.then(
			() => this.#answer(running, value),
			(error: unknown) => this.#fail(running, error)
		);
	}

	/** A call that does not end at once is among those that run, and gets a deadline. */
	#keep(running: RunningCall): void {
		if (running.ended || running.timer !== null) return;
		if (this.#aborted !== null) return this.#abandon(running, this.#aborted); // it ended its own connection
		this.#running.set(running.id, running);
		this.#expire(running, running.idleMs);
	}

	#expire(running: RunningCall, afterMs: number): void {
		running.timer = this.#host.clock.setTimer(() => {
			const leftMs = running.progressedMs + running.idleMs - this.#host.clock.now();
			if (running.progressedMs > 0 && leftMs > 0) return this.#expire(running, leftMs);
			const message = `"${running.context.path}" took longer than ${running.idleMs} ms`;
			this.#fail(running, new LiveError('TIMEOUT', message));
		}, afterMs);
	}

	#ongoing(request: Call, running: RunningCall): OngoingCall {
		const { limits, clock } = this.#host;
		return {
			request,
			context: running.context,
			limits,
			send: (text) => {
				if (!running.ended) this.#host.send(text);
			},
			sendBytes: (frame) => {
				if (!running.ended) this.#host.sendBytes(frame);
			},
			room: () => this.#host.room(),
			progressed: () => void (running.progressedMs = clock.now())
		};
	}

	#answer(running: RunningCall, value: unknown): void {
		let text: string;
		try {
			text = encodeResult(running.id, value);
		} catch (error) {
			return this.#fail(running, error);
		}
		this.#end(running, text, null);
	}

	#fail(running: RunningCall, error: unknown): void {
		const answer = this.#host.clientError(error, running.context); // reports it, also when nobody waits any more
		if (running.ended) return;
		if (running.silent && isLiveError(error)) this.#host.report(running.context.path, error, running.context);
		running.context.abort(answer);
		this.#end(running, encodeError(running.id, answer), answer);
	}

	#end(running: RunningCall, text: string, reason: LiveError | null): void {
		if (running.ended) return;
		running.ended = true;
		this.#observe(running, reason?.code ?? 'ok');
		if (running.timer !== null) {
			this.#running.delete(running.id);
			this.#host.clock.clearTimer(running.timer);
		}
		if (!running.silent) this.#host.send(text);
		if (running.conversation !== null) this.#ended(running.conversation, reason);
		running.onEnd?.();
		this.#next();
	}

	#ended(conversation: Conversation, reason: LiveError | null): void {
		this.#strayBytes += conversation.owedBytes ?? 0;
		conversation.ended?.(reason);
	}

	#abandon(call: RunningCall, reason: LiveError): void {
		this.#observe(call, reason.code);
		call.ended = true;
		if (!call.outlives && call.conversation?.outlives !== true) call.context.abort(reason);
		call.conversation?.lost?.(reason);
	}

	#observe({ context, beganMs }: RunningCall, outcome: Outcome): void {
		this.#observer?.callEnded?.(context.path, outcome, this.#host.clock.now() - beganMs);
	}

	#refuse({ id, silent }: Call | Refused, error: LiveError, onEnd: (() => void) | null): void {
		this.#observer?.callEnded?.(null, error.code, 0);
		if (!silent) this.#host.send(encodeError(id, error));
		onEnd?.();
	}

	#next(): void {
		while (this.#waiting.length > 0 && this.#running.size < this.#host.limits.callsInFlight && this.#host.hasRoom) {
			const next = this.#waiting.shift();
			if (next) this.#run(next.call, next.onEnd);
		}
		if (this.size === 0) this.#host.callsDone();
	}
}

/** Apart from `#run`: a call that nobody traces allocates nothing for the closure. */
function traced(span: NonNullable<Observer['span']>, invocation: Invocation, handler: Handler): MaybePromise<unknown> {
	return span('call', invocation.context.path, () => invoke(invocation, handler));
}
