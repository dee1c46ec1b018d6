// What a handler knows of its caller and may do. One context lives as long as its call or its stream.

import { isPromise } from '../base/maybe-promise.ts';
import type { Publish, PublishLater } from './publish.ts';
import type { Publisher } from './publisher.ts';
import type { Register, Session, User } from './session.ts';
import { requestOf, signalOf, type AskPage, type Signal, type SignalParts } from './signals.ts';
import type { TopicLike } from './topic.ts';

export interface ConnectionInfo {
	/** The same in logs, in presence and in the client. */
	readonly id: string;
	/** The address that the transport saw; undefined where it sees none. For logs and limits, never for identity. */
	readonly remoteAddress: string | undefined;
}

/** Fields that the application's guards add to every context; declared through `Register`. */
type Added = Register extends { context: infer Declared } ? Declared : unknown;

export type LiveContext = BaseContext & Added;

export interface BaseContext {
	/** Who calls; null for an anonymous visitor. */
	readonly user: User;
	readonly connection: ConnectionInfo;
	/** The function that runs, for example `lib/board/addCard`. */
	readonly path: string;
	/**
	 * In the load of a stream: where the page begins that is wanted, as an earlier load gave it to `page`; null for the first
	 * one, and everywhere else. It comes from the client: check it like an argument.
	 */
	readonly cursor: unknown;
	/** Aborts when the client cancels, disconnects or the call runs out of time. */
	readonly abortSignal: AbortSignal;
	/**
	 * Publishes an event. A call is answered only when everything it published is in the log; where that fails, the call
	 * fails with UNAVAILABLE.
	 */
	readonly publish: Publish<void>;
	/** Publishes at once, then at most every `ms` milliseconds; the last value is always published. One row, one pace. */
	readonly throttle: PublishLater;
	/** Publishes when `ms` milliseconds have passed without another value. One row, one pace. */
	readonly debounce: PublishLater;
	/**
	 * Sends an event to the pages of a user, `{ user: id }` or just the id, or to one page, `{ connection: id }`: those that
	 * listen with `onSignal`. At most once: who is not connected misses it. A call is answered when its signals are on their
	 * way. Whoever may choose the target may disturb anybody: check it.
	 */
	readonly signal: Signal<void>;
	/**
	 * Asks the same pages; those answer that have an `onRequest` for the event, and the first answer counts.
	 * @throws {LiveError} TIMEOUT where none has answered in time; what the page refused with; UNAVAILABLE
	 */
	readonly request: AskPage;
}

/** Where a context keeps the server that it is of; in every copy of this package the same. */
export const PARTS = Symbol.for('tidewire.parts');

/** What a context needs of its server's parts. */
interface ContextParts extends SignalParts {
	readonly publisher: Publisher;
}

/** The same for every call and stream of a connection. */
export interface Caller {
	readonly session: Session;
	readonly connection: ConnectionInfo;
}

export class HandlerContext implements BaseContext {
	readonly path: string;
	readonly #caller: Caller;
	readonly #parts: ContextParts;
	#abort: AbortController | undefined;
	#abortReason: unknown;
	/** What was published and is not in its log yet. */
	#pending: PromiseLike<void>[] | null = null;

	constructor(path: string, caller: Caller, parts: ContextParts) {
		this.path = path;
		this.#caller = caller;
		this.#parts = parts;
	}

	/** For features: see `partsOf`. */
	get [PARTS](): ContextParts {
		return this.#parts;
	}

	get user(): User {
		return this.#caller.session.user;
	}

	get connection(): ConnectionInfo {
		return this.#caller.connection;
	}

	get cursor(): unknown {
		return null;
	}

	/** @internal that of the same caller, for a further page of a stream */
	ofPage(path: string, cursor: unknown): PageContext {
		return new PageContext(path, { caller: this.#caller, parts: this.#parts, cursor });
	}

	get abortSignal(): AbortSignal {
		this.#abort ??= new AbortController();
		if (this.#abortReason !== undefined) this.#abort.abort(this.#abortReason);
		return this.#abort.signal;
	}

	/** Most handlers never ask for the signal, so it is made when they do. */
	abort(reason: unknown): void {
		this.#abortReason = reason;
		this.#abort?.abort(reason);
	}

	// Functions, so that `const { publish } = ctx` works; made when they are asked for, since most handlers use none.
	get publish(): Publish<void> {
		return (topic: TopicLike, event: string, data?: unknown): void => {
			const published = this.#parts.publisher.publish(topic, event, data);
			if (isPromise(published)) this.#await(published);
		};
	}

	get signal(): Signal<void> {
		const signal = signalOf(this.#parts);
		return (target, event, data) => this.#await(signal(target, event, data));
	}

	get request(): AskPage {
		return requestOf(this.#parts);
	}

	#await(published: PromiseLike<void>): void {
		published.then(undefined, () => {}); // `published` tells of a failure, where somebody still asks
		(this.#pending ??= []).push(published);
	}

	get throttle(): PublishLater {
		const { publisher } = this.#parts;
		return publisher.throttle.bind(publisher);
	}

	get debounce(): PublishLater {
		const { publisher } = this.#parts;
		return publisher.debounce.bind(publisher);
	}

	/** Settles when everything that was published is in its log; undefined where nothing is under way. */
	get published(): Promise<unknown> | undefined {
		const pending = this.#pending;
		this.#pending = null;
		return pending === null ? undefined : Promise.all(pending);
	}
}

/** What the load of a further page sees. */
class PageContext extends HandlerContext {
	readonly #cursor: unknown;

	constructor(path: string, { caller, parts, cursor }: { caller: Caller; parts: ContextParts; cursor: unknown }) {
		super(path, caller, parts);
		this.#cursor = cursor;
	}

	override get cursor(): unknown {
		return this.#cursor;
	}
}
