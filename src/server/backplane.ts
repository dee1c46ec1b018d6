// What joins the processes of an application. A backplane owns the order of log topics: it assigns the next offset and
// appends in one atomic step, and only then delivers. Deliveries may be lost between processes; the log is the truth.

import type { MaybePromise } from '../base/maybe-promise.ts';
import type { Position } from '../protocol/position.ts';
import type { EventBody, ResetReason } from '../protocol/stream.ts';
import type { TopicName } from '../protocol/topic.ts';
import type { SharedStore } from './shared-store.ts';

export interface LogEntry {
	/** 1 for the first event of an epoch, then one more each. */
	offset: number;
	body: EventBody;
}

/** An event on its way to the subscribers of this process. */
export interface Delivery extends LogEntry {
	topic: TopicName;
	/** The epoch that the offset belongs to. On an ephemeral topic the empty string. */
	epoch: string;
	/** What later events replace while they wait to be sent; null where every event stands for itself. Ephemeral only. */
	conflationKey: string | null;
}

/** What follows a position, or why nothing can. */
export type ReadResult =
	| { kind: 'events'; epoch: string; entries: LogEntry[] }
	| { kind: 'reset'; reason: Extract<ResetReason, 'epoch' | 'evicted'> };

/** How another process opens a history in this one's place. */
export interface LogRecipe {
	/** Which backplane it is. */
	readonly kind: string;
	/** What it is made with: plain data. */
	readonly args: readonly unknown[];
}

/** Whether what the processes share can be reached. */
export interface BackplaneStatus {
	readonly available: boolean;
	/** Why it cannot; null where it can. */
	readonly reason: string | null;
}

export interface Backplane {
	/** For logs and errors. */
	readonly name: string;
	/** What the processes agree on besides the logs. Used between `start` and `stop` only. */
	readonly store: SharedStore;
	/** Only where it is for one process: how a process that serves several opens the same history for all of them. */
	readonly recipe?: LogRecipe;
	/**
	 * Begins to deliver. Called once, before anything else.
	 * @param onStatus called when the service behind it is lost, and when it is back: deliveries may have been lost
	 *   meanwhile, so whoever reads a topic compares its position with the log then. Never called where nothing can be lost
	 */
	start(deliver: (delivery: Delivery) => void, onStatus?: (status: BackplaneStatus) => void): MaybePromise<void>;
	/**
	 * Releases everything it holds. Nothing is delivered after it.
	 * @param clean false where handlers may have stored something that they did not come to publish. @default true
	 */
	stop(clean?: boolean): MaybePromise<void>;
	/**
	 * Begins to deliver a topic's events to this process. Returns its head: everything after it will be delivered, or is
	 * found by `read`. Idempotent.
	 */
	subscribe(topic: TopicName): MaybePromise<Position>;
	/** Ends what `subscribe` began. */
	unsubscribe(topic: TopicName): void;
	/** Where a topic's log ends now. */
	head(topic: TopicName): MaybePromise<Position>;
	/**
	 * Appends to a topic's log. Returns when the event is stored and delivered to the subscribers of this process.
	 * @throws {LiveError} UNAVAILABLE where the log cannot be written; then the event is not stored
	 */
	append(topic: TopicName, body: EventBody): MaybePromise<Position>;
	/** Delivers to whoever listens now, on every process. Keeps nothing. */
	broadcast(topic: TopicName, body: EventBody, conflationKey: string | null): MaybePromise<void>;
	/** Everything after a position, in order; `reset` where the position is not in this log. */
	read(topic: TopicName, after: Position): MaybePromise<ReadResult>;
}
