// One stream of one connection: authorised, loaded, then kept current.
//
// The hand-over has no gap because its last step happens in one go: when everything up to the head of this process has
// been read from the log, the stream is sent what it misses and joins the live events before anything else can run.

import { LiveError, type ErrorCode } from '../base/errors.ts';
import { isPromise } from '../base/maybe-promise.ts';
import { initialValue } from '../base/merge.ts';
import type { Position } from '../protocol/position.ts';
import {
	encodeReset,
	encodeResumed,
	encodeSnapshot,
	type ResetReason,
	type SnapshotParts
} from '../protocol/stream.ts';
import { encodeTopic } from '../protocol/topic.ts';
import { encodeValue } from '../protocol/value.ts';
import type { LiveContext } from './context.ts';
import type { StreamDefinition } from './definition.ts';
import type { FedStream, Feed } from './feed.ts';
import { invoke, notLetThrough } from './invoke.ts';
import { MissedEvents, type Encode } from './missed-events.ts';
import type { Registered } from './registry.ts';
import { SharedLoad, type Loaded } from './shared-load.ts';
import type { HostedContext, HostedStream, StreamHost } from './stream-host.ts';
import { topicOfStream } from './stream-topic.ts';

/** opening: not authorised or loaded yet · live: gets events as they come · behind: is being brought up to date */
type StreamState = 'opening' | 'live' | 'behind' | 'closed';

/** How often a load is repeated when the log lost its position meanwhile, before the stream fails. */
const LOAD_ATTEMPTS = 3;

export interface StreamRequest {
	id: number;
	path: string;
	args: unknown[];
	/** Where the client is; null for a first load. */
	position: Position | null;
}

export interface RegisteredStream extends Registered {
	readonly definition: StreamDefinition;
}

export class ServerStream implements FedStream, HostedStream {
	readonly id: number;
	readonly path: string;
	readonly request: StreamRequest;
	readonly #host: StreamHost;
	readonly #registered: Registered;
	readonly #definition: StreamDefinition;
	readonly #context: HostedContext;
	#args: unknown[];
	#feed: Feed | null = null;
	#state: StreamState = 'opening';
	/** Whether `onSubscribe` ran, so that `onUnsubscribe` is owed. */
	#announced = false;
	#onClose: (() => void) | null = null;

	constructor(host: StreamHost, registered: RegisteredStream, request: StreamRequest) {
		this.id = request.id;
		this.path = request.path;
		this.request = request;
		this.#host = host;
		this.#registered = registered;
		this.#definition = registered.definition;
		this.#context = host.contextFor(request.path);
		this.#args = request.args;
	}

	/** Authorises and loads. What goes wrong is answered to the client, and ends the stream. */
	async open(): Promise<void> {
		const { middleware } = this.#host;
		const invocation = {
			registered: this.#registered,
			middleware,
			context: this.#context,
			args: this.request.args
		};
		try {
			await this.#host.withTimeout(
				invoke(invocation, (_, ...args) => this.#begin(args)),
				this.path
			);
		} catch (error) {
			return this.#fail(error);
		}
		if (this.#state === 'opening') this.#fail(notLetThrough(this.path));
	}

	async #begin(args: unknown[]): Promise<void> {
		this.#args = args;
		await this.#authorise();
		const name = encodeTopic(await topicOfStream(this.#definition, this.#context, args));
		if (this.#state === 'closed') return;
		const feed = await this.#host.join(name);
		if (this.#isClosed) return this.#host.leave(feed);
		this.#feed = feed;
		await this.#bringUpToDate(feed, this.request.position);
		if (!this.#isClosed) this.#announce(feed);
	}

	async #authorise(): Promise<void> {
		const allowed =
			this.#definition.access === null || (await this.#definition.access(this.#context, ...this.#args));
		if (!allowed) throw new LiveError('FORBIDDEN', `access to "${this.path}" is denied`);
	}

	/** Brings the client up to date, from where it is or, by default, from where its connection's feed ended. */
	catchUp(from: Position | undefined = this.#feed?.position): void {
		const feed = this.#feed;
		if (feed === null || this.#state !== 'live') return; // an answer is on its way already
		this.#state = 'behind';
		feed.end(this);
		this.#bringUpToDate(feed, from ?? null, 'slow').catch((error: unknown) => this.#fail(error));
	}

	async #bringUpToDate(feed: Feed, from: Position | null, why: ResetReason | null = null): Promise<void> {
		await this.#host.loads.enter();
		try {
			await this.#host.room();
			if (this.#isClosed) return;
			if (from === null || this.#definition.ephemeral) return await this.#sendSnapshot(feed, why);
			const resumed = this.#resumed(feed);
			const lost = await this.#joinLive(feed, new MissedEvents(from, resumed, resumed));
			if (lost !== null) await this.#sendSnapshot(feed, lost);
			else if (!this.#isClosed)
				this.#host.observer?.streamCaughtUp?.(this.path, why === null ? 'resumed' : 'slow');
		} finally {
			this.#host.loads.leave();
		}
	}

	async #sendSnapshot(feed: Feed, why: ResetReason | null): Promise<void> {
		let load = this.#sharedLoad(feed);
		let reset = why;
		for (let attempt = 0; attempt < LOAD_ATTEMPTS; attempt++) {
			feed.topic.loads.hold(load);
			try {
				const outcome = await this.#deliverLoad(feed, load, reset);
				if (outcome === 'done') return this.#observeReset(reset);
				reset = outcome.reset;
			} finally {
				feed.topic.loads.letGo(load);
			}
			load = this.#ownLoad(feed);
		}
		throw new LiveError('UNAVAILABLE', `"${this.path}" changes faster than it can be loaded`, {
			retryAfterMs: 1_000
		});
	}

	#observeReset(reason: ResetReason | null): void {
		if (reason !== null && !this.#isClosed) this.#host.observer?.streamReset?.(this.path, reason);
	}

	/** Returns whether it is done with, or why the load that has to follow it does not connect with what the client has. */
	async #deliverLoad(
		feed: Feed,
		load: SharedLoad,
		why: ResetReason | null
	): Promise<'done' | { reset: ResetReason | null }> {
		const loaded = await this.#usable(load);
		if (this.#isClosed) return 'done';
		if (loaded === null) return { reset: why };
		const reset = why === null ? '' : `${encodeReset(this.id, why)}\n`;
		if (this.#definition.ephemeral) {
			const parts = this.#parts(feed, null, load.events);
			this.#goLive(feed, feed.topic.head, reset + encodeSnapshot(parts, loaded.value));
			return 'done';
		}
		const snapshot: Encode = (position, events) =>
			reset + encodeSnapshot(this.#parts(feed, position, events), loaded.value);
		const missed = new MissedEvents(load.position, snapshot, this.#resumed(feed));
		const lost = await this.#joinLive(feed, missed);
		// A part may have been sent, and the log have forgotten what follows it while the client took that.
		return lost === null ? 'done' : { reset: missed.isBegun ? lost : why };
	}

	/** A load that is under way, or a new one. */
	#sharedLoad(feed: Feed): SharedLoad {
		const shared = feed.topic.loads.shared(this.#loadKey);
		return shared && !shared.personal ? shared : this.#ownLoad(feed);
	}

	#ownLoad(feed: Feed): SharedLoad {
		const { load, merge } = this.#definition;
		const args = this.#args;
		const span = this.#host.observer?.span;
		const run = (context: LiveContext): unknown => (load ? load(context, ...args) : initialValue(merge));
		const own = new SharedLoad(feed.topic.head, this.#context, (context) =>
			span === undefined ? run(context) : span('load', this.path, () => run(context))
		);
		feed.topic.loads.share(this.#loadKey, own);
		return own;
	}

	/** By what came from the network, which can always be written: what a schema made of it may be anything. */
	get #loadKey(): string {
		return `${this.path} ${encodeValue(this.request.args)}`;
	}

	/** The outcome, or null when the stream is closed first: what hangs must not hold a place among the loads for ever. */
	#untilClosed<Outcome>(outcome: Promise<Outcome>): Promise<Outcome | null> {
		return new Promise((resolve, reject) => {
			this.#onClose = () => resolve(null);
			outcome.then(resolve, reject);
		});
	}

	/** The outcome of a load, unless it belongs to somebody else. */
	async #usable(load: SharedLoad): Promise<Loaded | null> {
		const foreign = (): boolean => load.personal && load.context !== this.#context;
		try {
			const loaded = await this.#untilClosed(load.done);
			return foreign() ? null : loaded;
		} catch (error) {
			if (foreign()) return null;
			throw error;
		} finally {
			this.#onClose = null; // it would keep the load's promise as long as the stream is open
		}
	}

	/**
	 * Reads what is missed from the log until nothing is, sends it and goes live. What is too much for one message goes in
	 * several, each when the client has taken the one before.
	 * @returns why the log does not connect with what the client has; null when the stream is live or closed
	 */
	async #joinLive(feed: Feed, missed: MissedEvents): Promise<ResetReason | null> {
		const { topic } = feed;
		while (!this.#isClosed) {
			const pending = this.#host.read(topic.name, missed.position);
			const result = isPromise(pending) ? await pending : pending;
			if (this.#isClosed) return null;
			if (result.kind === 'reset') {
				await topic.check(); // the next load begins where the log is now
				return this.#isClosed ? null : result.reason;
			}
			if (!missed.take(result, this.#host.partBytes)) {
				this.#host.send(missed.message());
				await this.#host.room();
			} else if (missed.position.epoch !== topic.head.epoch) {
				await topic.check(); // one of the two is of a log that has been replaced
				if (!this.#isClosed && missed.position.epoch !== topic.head.epoch) return 'epoch';
			} else if (missed.position.offset >= topic.head.offset) {
				// Nothing has waited since the log was read: an event that came in between would be lost.
				this.#goLive(feed, missed.position, missed.message());
				return null;
			}
		}
		return null;
	}

	#resumed(feed: Feed): Encode {
		return (position, events) => encodeResumed({ ...this.#parts(feed, position, events), position });
	}

	#goLive(feed: Feed, position: Position, message: string): void {
		this.#state = 'live';
		feed.begin(this, position);
		this.#host.send(message);
	}

	#parts(feed: Feed, position: Position | null, events: readonly string[]): SnapshotParts {
		return { id: this.id, alias: feed.topic.alias, position, merge: this.#definition.merge, events };
	}

	#announce(feed: Feed): void {
		this.#announced = true;
		this.#host.observer?.streamOpened?.(this.path);
		if (this.#definition.service !== undefined) this.#host.opened(this.path, this.#args);
		this.#runHook(this.#definition.onSubscribe, feed);
	}

	#runHook(hook: StreamDefinition['onSubscribe'], feed: Feed): void {
		if (hook === null) return;
		const { merge, ephemeral } = this.#definition;
		const topic = { name: feed.topic.name, merge, ephemeral };
		this.#host.report(this.path, this.#context, async () => {
			await hook(this.#context, topic, ...this.#args);
			await this.#context.published;
		});
	}

	get #isClosed(): boolean {
		return this.#state === 'closed';
	}

	#fail(error: unknown): void {
		if (this.#isClosed) return;
		this.#feed?.topic.loads.unshare(this.#loadKey); // what failed or hangs is not shared with whoever comes next
		this.#host.fail(this, error, this.#context);
	}

	/** Where the stream reads; null before it is authorised. */
	get feed(): Feed | null {
		return this.#feed;
	}

	close(reason: LiveError): void {
		if (this.#isClosed) return;
		this.#state = 'closed';
		this.#observeEnd(reason.code);
		this.#onClose?.();
		this.#context.abort(reason);
		const feed = this.#feed;
		if (feed === null) return;
		feed.end(this);
		this.#host.leave(feed);
		if (!this.#announced) return;
		if (this.#definition.service !== undefined) this.#host.closed(this.path, this.#args);
		this.#runHook(this.#definition.onUnsubscribe, feed);
	}

	#observeEnd(code: ErrorCode): void {
		const { observer } = this.#host;
		if (this.#announced) observer?.streamClosed?.(this.path, code);
		else observer?.streamRefused?.(this.path, code);
	}
}
