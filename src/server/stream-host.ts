// What a stream needs from its connection.

import type { Clock } from '../base/clock.ts';
import type { LiveError } from '../base/errors.ts';
import type { MaybePromise } from '../base/maybe-promise.ts';
import type { RequestId } from '../protocol/fields.ts';
import type { TopicName } from '../protocol/topic.ts';
import type { HandlerContext, LiveContext } from './context.ts';
import type { Middleware } from './definition.ts';
import type { Feed } from './feed.ts';
import type { Gate } from './gate.ts';
import type { Observer } from './observer.ts';
import type { ViewReader } from './views/view-groups.ts';

/** A context as handlers see it, which its owner can abort. */
export type HostedContext = HandlerContext & LiveContext;

/** A stream, as far as its connection minds when it fails. */
export interface HostedStream {
	readonly id: RequestId;
	close(reason: LiveError): void;
}

export interface StreamHost {
	readonly middleware: readonly Middleware[];
	readonly observer: Observer | null;
	readonly clock: Clock;
	/** Bounds how many streams of one connection are brought up to date at a time. */
	readonly loads: Gate;
	contextFor(path: string): HostedContext;
	/** Rejects with TIMEOUT where the promise takes longer than a call may. */
	withTimeout<Value>(promise: MaybePromise<Value>, path: string): MaybePromise<Value>;
	/** Begins to read a topic, or a view of it. Every `join` that returns is followed by one `leave`. */
	join(topic: TopicName, view: ViewReader | null): MaybePromise<Feed>;
	leave(feed: Feed): void;
	/** The most that one message may bring of what a client has missed. */
	readonly partBytes: number;
	/** Returns when the client has taken most of what it was sent. */
	room(): MaybePromise<void>;
	send(text: string): void;
	/** A stream that a service keeps current has its first value; every one that did is followed by one `closed`. */
	opened(path: string, args: readonly unknown[]): void;
	closed(path: string, args: readonly unknown[]): void;
	/** Tells the client that the stream failed, and closes it. */
	fail(stream: HostedStream, error: unknown, context: HostedContext): void;
	/** Runs something whose errors concern the application, not the client. */
	report(path: string, context: HostedContext, run: () => MaybePromise<unknown>): void;
}
