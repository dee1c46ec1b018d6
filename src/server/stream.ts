// One stream of one connection: authorised, loaded, then kept current. How it is brought up to date: `hand-over.ts`.

import { LiveError, type ErrorCode } from '../base/errors.ts';
import type { Position } from '../protocol/position.ts';
import { encodeReset, encodeSnapshot, type DataVersion } from '../protocol/stream.ts';
import { encodeTopic, type TopicName } from '../protocol/topic.ts';
import { encodeValue } from '../protocol/value.ts';
import type { StreamDefinition } from './definition.ts';
import type { FedStream, Feed } from './feed.ts';
import { HandOver, type HandedOver } from './hand-over.ts';
import { invoke, notLetThrough } from './invoke.ts';
import type { Registered } from './registry.ts';
import { homeOf } from './service.ts';
import type { HostedContext, HostedStream, StreamHost } from './stream-host.ts';
import { topicOfStream } from './stream-topic.ts';
import type { ViewReader } from './views/view-groups.ts';

/**
 * opening: not authorised or loaded yet · live: gets events as they come · behind: is being brought up to date ·
 * inactive: its gate is shut
 */
type StreamState = 'opening' | 'live' | 'behind' | 'inactive' | 'closed';

/** No topic has it. */
const NO_ALIAS = 0;

export interface StreamRequest {
	id: number;
	path: string;
	args: unknown[];
	/** Where the client is; null for a first load. */
	position: Position | null;
	/** Of the rows that the client knows. */
	version?: number | undefined;
	/** What it says that its data is. */
	since?: DataVersion | undefined;
}

export interface RegisteredStream extends Registered {
	readonly definition: StreamDefinition;
}

export class ServerStream implements FedStream, HostedStream, HandedOver {
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
	#handOver: HandOver | null = null;
	/** Whether what the client has was loaded before its topic was invalidated. */
	#isStale = false;
	#isReloading = false;

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
		if (!(await this.#isActive())) return this.#stayInactive();
		await this.#authorise();
		const name = encodeTopic(await topicOfStream(this.#definition, this.#context, args));
		if (this.#state === 'closed') return;
		this.#feed = await this.#join(name);
		if (this.#feed === null) return;
		this.#handOver = this.#makeHandOver();
		await this.#handOver.bringUpToDate(this.request.position);
		if (!this.isClosed) this.#announce(this.#feed);
	}

	#makeHandOver(): HandOver {
		return new HandOver(this, {
			host: this.#host,
			definition: this.#definition,
			context: this.#context,
			args: this.#args,
			path: this.path,
			loadKey: this.#loadKey,
			since: this.request.since
		});
	}

	async #isActive(): Promise<boolean> {
		return !this.#definition.gate || (await this.#definition.gate(this.#context, ...this.#args));
	}

	/** The client has a value all the same: none. */
	#stayInactive(): void {
		if (this.isClosed) return;
		this.#state = 'inactive';
		const { merge } = this.#definition;
		const parts = { id: this.id, alias: NO_ALIAS, position: null, merge, events: [] };
		this.#host.send(encodeSnapshot(parts, encodeValue(undefined)));
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
		this.pause();
		if (this.#isReloading) return; // what it loads is that answer
		const why = feed.topic.isOver ? 'view' : 'slow';
		this.#handOver?.bringUpToDate(from ?? null, why).catch((error: unknown) => this.#fail(error));
	}

	/** What was loaded does not hold any more: it is loaded anew. */
	invalidated(path: string | null): void {
		if (path !== null && path !== this.path) return;
		if (this.#state === 'live') this.wentStale(); // what brings others up to date finds it out
	}

	/** @internal What it is sent was loaded too early: it is loaded once more, however often that happens meanwhile. */
	wentStale(): void {
		this.#isStale = true;
		if (this.#state === 'live' && !this.#isReloading) this.#reload();
	}

	#reload(): void {
		this.#isStale = false;
		this.#isReloading = true;
		Promise.resolve(this.#host.withTimeout(this.#handOver?.reload(), this.path)).catch((error: unknown) =>
			this.#failReload(error)
		);
	}

	/** The client must not resume from what does not hold any more. */
	#failReload(error: unknown): void {
		if (!this.isClosed) this.#host.send(encodeReset(this.id, 'reload'));
		this.#fail(error);
	}

	/** What it reads cannot be read any more. */
	failed(error: unknown): void {
		this.#fail(error);
	}

	/** @internal */
	async currentFeed(): Promise<Feed | null> {
		const feed = this.#feed;
		if (feed === null || !feed.topic.isOver) return feed;
		const next = await this.#join(feed.topic.name);
		if (next === null) return null;
		feed.end(this);
		this.#host.leave(feed);
		return (this.#feed = next);
	}

	/** Null where the stream was closed meanwhile. */
	async #join(name: TopicName): Promise<Feed | null> {
		const feed = await this.#host.join(name, this.#viewReader);
		if (!this.isClosed) return feed;
		this.#host.leave(feed);
		return null;
	}

	get #viewReader(): ViewReader | null {
		const { view } = this.#definition;
		if (!view) return null;
		const definition = { ...this.#definition, view };
		return { path: this.path, args: this.#args, argsText: this.#loadKey, definition, context: this.#context };
	}

	/** By what came from the network, which can always be written: what a schema made of it may be anything. */
	get #loadKey(): string {
		return `${this.path} ${encodeValue(this.request.args)}`;
	}

	/** @internal */
	pause(): void {
		if (this.#state !== 'live') return;
		this.#state = 'behind';
		this.#feed?.end(this);
	}

	/** @internal */
	goLive(feed: Feed, position: Position, message: string): void {
		this.#state = 'live';
		this.#isReloading = false;
		feed.begin(this, position);
		this.#host.send(message);
		if (this.#isStale) this.#reload();
	}

	#announce(feed: Feed): void {
		this.#announced = true;
		this.#host.observer?.streamOpened?.(this.path);
		const { service, onSubscribe } = this.#definition;
		if (service !== undefined) this.#host.opened(homeOf(service, this.path), this.#args);
		this.#runHook(onSubscribe, feed);
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

	get isClosed(): boolean {
		return this.#state === 'closed';
	}

	#fail(error: unknown): void {
		if (this.isClosed) return;
		this.#feed?.topic.loads.unshare(this.#loadKey); // what failed or hangs is not shared with whoever comes next
		this.#host.fail(this, error, this.#context);
	}

	/** Where the stream reads; null before it is authorised. */
	get feed(): Feed | null {
		return this.#feed;
	}

	close(reason: LiveError): void {
		if (this.isClosed) return;
		const wasInactive = this.#state === 'inactive';
		this.#state = 'closed';
		if (!wasInactive) this.#observeEnd(reason.code);
		this.#handOver?.close();
		this.#context.abort(reason);
		const feed = this.#feed;
		if (feed === null) return;
		feed.end(this);
		this.#host.leave(feed);
		if (!this.#announced) return;
		const { service, onUnsubscribe } = this.#definition;
		if (service !== undefined) this.#host.closed(homeOf(service, this.path), this.#args);
		this.#runHook(onUnsubscribe, feed);
	}

	#observeEnd(code: ErrorCode): void {
		const { observer } = this.#host;
		if (this.#announced) observer?.streamClosed?.(this.path, code);
		else observer?.streamRefused?.(this.path, code);
	}
}
