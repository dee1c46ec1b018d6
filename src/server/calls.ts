// The calls of one connection: a bounded number runs, a bounded number waits, and those of a sequential batch come one
// after another. A call that ends in its first turn has no entry here.

import { LiveError } from '../base/errors.ts';
import { encodeError, type Batch, type Call } from '../protocol/call.ts';
import type { RequestId } from '../protocol/fields.ts';
import type { Refused } from '../protocol/request.ts';
import type { CallHost } from './call-host.ts';
import type { FollowUp } from './conversation.ts';
import type { Observer } from './observer.ts';
import { notFound, tooMany } from './refusal.ts';
import { RunningCall, type CallList } from './running-call.ts';

interface WaitingCall {
	call: Call | Refused;
	onEnd: (() => void) | null;
}

export class Calls implements CallList {
	readonly host: CallHost;
	readonly observer: Observer | null;
	/** Calls that outlasted their first turn. */
	readonly #running = new Map<RequestId, RunningCall>();
	#waiting: WaitingCall[] = [];
	/** Calls of sequential batches whose turn has not come. */
	readonly #later = new Set<RequestId>();
	/** Bytes that ended calls had asked for: they may still be on their way. */
	#strayBytes = 0;
	#aborted: LiveError | null = null;

	constructor(host: CallHost, observer: Observer | null) {
		this.host = host;
		this.observer = observer;
	}

	/** Calls that run or wait. */
	get size(): number {
		return this.#running.size + this.#waiting.length + this.#later.size;
	}

	has(id: RequestId): boolean {
		return this.#running.has(id) || this.#later.has(id) || this.#waiting.some(({ call }) => call.id === id);
	}

	start(call: Call | Refused, onEnd: (() => void) | null = null): void {
		const { callsInFlight, callsQueued } = this.host.limits;
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
		const { batchCalls } = this.host.limits;
		if (calls.length > batchCalls) {
			const error = new LiveError(
				'TOO_MANY',
				`${calls.length} calls in one batch; the limit "batchCalls" is ${batchCalls}`
			);
			for (const { id } of calls) this.host.send(encodeError(id, error));
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
		if (this.#waiting.length > 0) this.next();
	}

	cancel(id: RequestId): void {
		const running = this.#running.get(id);
		const error = new LiveError('CANCELLED', 'the client cancelled the call');
		if (running) return running.fail(error);
		if (this.#later.delete(id)) return this.host.send(encodeError(id, error));
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
		for (const call of running) call.abandon(reason);
	}

	get aborted(): LiveError | null {
		return this.#aborted;
	}

	enter(call: RunningCall): void {
		this.#running.set(call.id, call);
	}

	leave(call: RunningCall, entered: boolean): void {
		if (entered) this.#running.delete(call.id);
		this.#strayBytes += call.conversation?.owedBytes ?? 0;
	}

	next(): void {
		while (this.#waiting.length > 0 && this.#running.size < this.host.limits.callsInFlight && this.host.hasRoom) {
			const next = this.#waiting.shift();
			if (next) this.#run(next.call, next.onEnd);
		}
		if (this.size === 0) this.host.callsDone();
	}

	#run(call: Call | Refused, onEnd: (() => void) | null): void {
		if (call.kind === 'refused') return this.#refuse(call, call.error, onEnd);
		const registered = this.host.find(call.path);
		if (registered?.definition.kind !== 'call') return this.#refuse(call, notFound(call.path), onEnd);
		const { definition } = registered;
		const shed = this.host.overload.refusal(definition.priority);
		if (shed !== null) return this.#refuse(call, shed, onEnd);
		new RunningCall(this, call, onEnd).run(call, registered, definition);
	}

	#refuse({ id, silent }: Call | Refused, error: LiveError, onEnd: (() => void) | null): void {
		this.observer?.callEnded?.(null, error.code, 0);
		if (!silent) this.host.send(encodeError(id, error));
		onEnd?.();
	}
}
