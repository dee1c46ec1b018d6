// Calls that are more than a question and an answer: the client goes on to send something, or is sent something before the
// answer. Features bring them; to the core they are calls like all others, admitted, bounded, cancelled and answered alike.

import type { LiveError } from '../base/errors.ts';
import type { MaybePromise } from '../base/maybe-promise.ts';
import type { Chunk } from '../protocol/binary.ts';
import type { Call } from '../protocol/call.ts';
import type { Limits } from '../protocol/limits.ts';
import type { More } from '../protocol/values.ts';
import type { HandlerContext, LiveContext } from './context.ts';

/** What a client may say of a call that runs. */
export type FollowUp = More | Chunk;

/** A call that runs, as what converses sees it. */
export interface OngoingCall {
	readonly request: Call;
	readonly context: HandlerContext & LiveContext;
	readonly limits: Limits;
	/** Sends a message to its client. Nothing happens where the call has ended. */
	send(text: string): void;
	sendBytes(frame: Uint8Array): void;
	/** Returns when the client has taken most of what it was sent. */
	room(): MaybePromise<void>;
	/** It got further: its time begins anew. */
	progressed(): void;
}

export interface Conversation {
	/** Runs behind middleware, guards and schemas. What it returns is the answer. */
	readonly handler: (context: LiveContext, ...args: unknown[]) => MaybePromise<unknown>;
	/** Whether what it does goes on when the connection is gone. @default false */
	readonly outlives?: boolean;
	/** Bytes that the client has been asked for and has not sent. @default 0 */
	readonly owedBytes?: number;
	/**
	 * The client says more.
	 * @throws {LiveError} PROTOCOL_ERROR where it may not: its connection ends
	 */
	hear?(message: FollowUp): void;
	/** It was answered; `reason` says why where that is an error. */
	ended?(reason: LiveError | null): void;
	/** The connection is gone before it was answered. */
	lost?(reason: LiveError): void;
}

/** @throws {LiveError} where the request is not made for it */
export type Converse = (call: OngoingCall) => Conversation;
