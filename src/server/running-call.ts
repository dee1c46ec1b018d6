// One call, from its handler to its answer: it is answered exactly once unless its connection is gone. A handler that is
// synchronous is answered at once: it has no promise and no timer, and its connection never hears of it.

import type { Timer } from '../base/clock.ts';
import { isLiveError, LiveError } from '../base/errors.ts';
import { isPromise, type MaybePromise } from '../base/maybe-promise.ts';
import { encodeError, encodeResult, type Call } from '../protocol/call.ts';
import type { RequestId } from '../protocol/fields.ts';
import type { CallHost } from './call-host.ts';
import type { Conversation, OngoingCall } from './conversation.ts';
import type { CallDefinition, Handler } from './definition.ts';
import { invoke, type Invocation } from './invoke.ts';
import { keyedHandler } from './keyed-call.ts';
import type { Observer, Outcome } from './observer.ts';
import type { Registered } from './registry.ts';
import type { HostedContext } from './stream-host.ts';

/** The calls of a connection, as one of them sees them. */
export interface CallList {
	readonly host: CallHost;
	readonly observer: Observer | null;
	/** Why the connection is gone; null while it is there. */
	readonly aborted: LiveError | null;
	/** A call did not end at once: it is among those that run until it leaves. */
	enter(call: RunningCall): void;
	/** A call has ended; `entered` says whether it is among those that run. */
	leave(call: RunningCall, entered: boolean): void;
	/** After a call was answered: the next one may start. */
	next(): void;
}

export class RunningCall {
	readonly id: RequestId;
	/** What it does besides answering once; null where that is nothing. */
	conversation: Conversation | null = null;
	readonly #list: CallList;
	readonly #context: HostedContext;
	/** Told when the call ended, for the next one of a sequential batch. */
	readonly #onEnd: (() => void) | null;
	/** Whether it goes on when its connection is gone: its client asks for the answer again. */
	readonly #outlives: boolean;
	/** Whether nobody waits for its answer. */
	readonly #silent: boolean;
	/** For the observer; 0 where there is none. */
	readonly #beganMs: number;
	/** Ends a call that takes too long; null where it has not outlasted its first turn. */
	#timer: Timer | null = null;
	/** How long it may take to get further. */
	#idleMs = 0;
	/** When it last got further; 0 where it never said so. */
	#progressedMs = 0;
	/** Whether it was answered, or its connection is gone. */
	#isOver = false;

	constructor(list: CallList, call: Call, onEnd: (() => void) | null) {
		this.id = call.id;
		this.#list = list;
		this.#context = list.host.contextFor(call.path);
		this.#onEnd = onEnd;
		this.#outlives = call.key !== undefined;
		this.#silent = call.silent === true;
		this.#beganMs = list.observer === null ? 0 : list.host.clock.now();
	}

	run(call: Call, registered: Registered, definition: CallDefinition): void {
		const { host, observer } = this.#list;
		this.#idleMs = definition.idleMs ?? host.limits.callTimeoutMs;
		const middleware = definition.isInner === true ? [] : host.middleware;
		const invocation = { registered, middleware, context: this.#context, args: call.args };
		let outcome: MaybePromise<unknown>;
		try {
			const handler = this.#handlerOf(call, definition);
			const span = observer?.span;
			outcome = span === undefined ? invoke(invocation, handler) : traced(span, invocation, handler);
		} catch (error) {
			return this.fail(error);
		}
		this.#follow(outcome);
	}

	/** Answers it with an error. Nothing but a report comes of that where it is over. */
	fail(error: unknown): void {
		const { host } = this.#list;
		const answer = host.clientError(error, this.#context); // reports it, also when nobody waits any more
		if (this.#isOver) return;
		if (this.#silent && isLiveError(error)) host.report(this.#context.path, error, this.#context);
		this.#context.abort(answer);
		this.#end(encodeError(this.id, answer), answer);
	}

	/** Its connection is gone: nobody is answered, and it goes on only where it outlives that. */
	abandon(reason: LiveError): void {
		if (this.#timer !== null) this.#list.host.clock.clearTimer(this.#timer);
		this.#observe(reason.code);
		this.#isOver = true;
		if (!this.#outlives && this.conversation?.outlives !== true) this.#context.abort(reason);
		this.conversation?.lost?.(reason);
	}

	#handlerOf(call: Call, definition: CallDefinition): Handler {
		const { path } = call;
		if (this.#silent && definition.volatile !== true)
			throw new LiveError('BAD_REQUEST', `"${path}" wants its answer to be waited for`);
		if (definition.converse !== undefined) {
			this.conversation = definition.converse(this.#ongoing(call));
			return this.conversation.handler;
		}
		if (call.bytes !== undefined || call.file !== undefined)
			throw new LiveError(
				'BAD_REQUEST',
				`"${path}" takes no bytes: it is not made by live.binary or live.upload`
			);
		if (definition.once === null && call.key === undefined) return definition.handler;
		const { once, limits } = this.#list.host;
		return keyedHandler(call, definition, { once, waitMs: limits.callTimeoutMs });
	}

	#ongoing(request: Call): OngoingCall {
		const { host } = this.#list;
		return {
			request,
			context: this.#context,
			limits: host.limits,
			send: (text) => {
				if (!this.#isOver) host.send(text);
			},
			sendBytes: (frame) => {
				if (!this.#isOver) host.sendBytes(frame);
			},
			room: () => host.room(),
			progressed: () => void (this.#progressedMs = host.clock.now())
		};
	}

	#follow(outcome: MaybePromise<unknown>): void {
		if (isPromise(outcome)) {
			this.#keep();
			outcome.then(
				(value) => this.#published(value),
				(error: unknown) => this.fail(error)
			);
			this.#list.host.handling(outcome);
		} else this.#published(outcome);
	}

	/** What the handler published is in its log before the call is answered. */
	#published(value: unknown): void {
		const { published } = this.#context;
		if (published === undefined) return this.#answer(value);
		this.#keep();
		published.then(
			() => this.#answer(value),
			(error: unknown) => this.fail(error)
		);
	}

	/** A call that does not end at once is among those that run, and gets a deadline. */
	#keep(): void {
		if (this.#isOver || this.#timer !== null) return;
		const { aborted } = this.#list;
		if (aborted !== null) return this.abandon(aborted); // it ended its own connection
		this.#list.enter(this);
		this.#expire(this.#idleMs);
	}

	#expire(afterMs: number): void {
		const { clock } = this.#list.host;
		this.#timer = clock.setTimer(() => {
			const leftMs = this.#progressedMs + this.#idleMs - clock.now();
			if (this.#progressedMs > 0 && leftMs > 0) return this.#expire(leftMs);
			this.fail(new LiveError('TIMEOUT', `"${this.#context.path}" took longer than ${this.#idleMs} ms`));
		}, afterMs);
	}

	#answer(value: unknown): void {
		let text: string;
		try {
			text = encodeResult(this.id, value);
		} catch (error) {
			return this.fail(error);
		}
		this.#end(text, null);
	}

	#end(text: string, reason: LiveError | null): void {
		if (this.#isOver) return;
		this.#isOver = true;
		this.#observe(reason?.code ?? 'ok');
		const { host } = this.#list;
		const hasEntered = this.#timer !== null;
		if (this.#timer !== null) host.clock.clearTimer(this.#timer);
		this.#list.leave(this, hasEntered);
		if (!this.#silent) host.send(text);
		this.conversation?.ended?.(reason);
		this.#onEnd?.();
		this.#list.next();
	}

	#observe(outcome: Outcome): void {
		const { host, observer } = this.#list;
		observer?.callEnded?.(this.#context.path, outcome, host.clock.now() - this.#beganMs);
	}
}

/** Apart from `run`: a call that nobody traces allocates nothing for the closure. */
function traced(span: NonNullable<Observer['span']>, invocation: Invocation, handler: Handler): MaybePromise<unknown> {
	return span('call', invocation.context.path, () => invoke(invocation, handler));
}
