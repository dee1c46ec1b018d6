// The streams of one connection by their ids, and the feeds that they share.

import { LiveError } from '../base/errors.ts';
import type { MaybePromise } from '../base/maybe-promise.ts';
import { encodeError } from '../protocol/call.ts';
import type { Head } from '../protocol/heartbeat.ts';
import type { RequestId } from '../protocol/fields.ts';
import type { Position } from '../protocol/position.ts';
import { encodeReset, type Subscribe } from '../protocol/stream.ts';
import type { TopicName } from '../protocol/topic.ts';
import { runReported } from './failure.ts';
import { Feed, type FeedHost } from './feed.ts';
import { Gate } from './gate.ts';
import { notFound } from './refusal.ts';
import type { ReadTopic } from './read-topic.ts';
import type { SendQueue } from './send-queue.ts';
import type { ServerParts } from './server-parts.ts';
import { ServerStream, type StreamRequest } from './stream.ts';
import type { HostedContext, HostedStream, StreamHost } from './stream-host.ts';
import { withTimeout } from './timeout.ts';
import { definitionFor } from './versions.ts';
import { viewGroupsOf, type ViewGroups, type ViewReader } from './views/view-groups.ts';

/** What a connection that only calls has instead of a list. */
const NONE: readonly never[] = [];
/** Streams of one connection that are loaded or caught up at the same time. */
const CONCURRENT_LOADS = 8;
/** A stream is brought up to date only while less than this waits to be sent. */
const ROOM_BYTES = 16 * 1024;

/** What streams need from the connection that has them. */
export interface StreamsOwner {
	readonly id: string;
	contextFor(path: string): HostedContext;
	send(text: string): void;
	clientError(error: unknown, context: HostedContext): LiveError;
}

export class Streams implements StreamHost, FeedHost {
	readonly loads = new Gate(CONCURRENT_LOADS);
	readonly #connection: StreamsOwner;
	readonly #parts: ServerParts;
	readonly queue: SendQueue<Feed>;
	readonly #streams = new Map<RequestId, ServerStream>();
	/** A list: a connection reads few topics. */
	#feeds: readonly Feed[] = NONE;
	/** Whether the connection is gone. */
	#ended = false;
	/** Told when there is room again. */
	#waiting: (() => void)[] | null = null;

	constructor(connection: StreamsOwner, parts: ServerParts, queue: SendQueue<Feed>) {
		this.#connection = connection;
		this.#parts = parts;
		this.queue = queue;
	}

	get middleware() {
		return this.#parts.registry.middleware;
	}

	get observer() {
		return this.#parts.observer;
	}

	get clock() {
		return this.#parts.clock;
	}

	get partBytes(): number {
		return this.#parts.limits.queueBytes / 4;
	}

	get connectionId(): string {
		return this.#connection.id;
	}

	get topicCount(): number {
		return this.#feeds.length;
	}

	has(id: RequestId): boolean {
		return this.#streams.has(id);
	}

	open(request: Omit<Subscribe, 'kind'>): void {
		const { streams } = this.#parts.limits;
		if (this.#streams.size < streams) return this.#start(request);
		const error = new LiveError('TOO_MANY', `${streams} streams are open; the limit is "streams"`);
		this.send(encodeError(request.id, error));
	}

	#start(request: StreamRequest): void {
		const registered = this.#parts.registry.get(request.path);
		if (registered?.definition.kind !== 'stream') {
			this.observer?.streamRefused?.(null, 'NOT_FOUND');
			return this.send(encodeError(request.id, notFound(request.path)));
		}
		const shed = this.#parts.admission.overload.refusal(registered.definition.priority);
		if (shed !== null) {
			this.observer?.streamRefused?.(request.path, shed.code);
			return this.send(encodeError(request.id, shed));
		}
		try {
			const definition = definitionFor(registered.definition, request.path, request.version);
			const stream = new ServerStream(this, { ...registered, definition }, request);
			this.#streams.set(request.id, stream);
			void stream.open(); // answers its own failures
		} catch (error) {
			const refusal = error as LiveError; // nothing else is thrown by what has only been looked up
			this.observer?.streamRefused?.(request.path, refusal.code);
			this.send(encodeError(request.id, refusal));
		}
	}

	close(id: RequestId): void {
		const stream = this.#streams.get(id);
		this.#streams.delete(id);
		stream?.close(new LiveError('CANCELLED', 'the client ended the stream'));
	}

	closeAll(reason: LiveError): void {
		const streams = [...this.#streams.values()];
		this.#streams.clear();
		for (const stream of streams) stream.close(reason);
		this.#ended = true;
		this.#wake();
	}

	catchUp(id: RequestId, position: Position): void {
		this.#streams.get(id)?.catchUp(position); // a stream that ended meanwhile needs nothing
	}

	/** Ends the streams of a module and opens them anew with its new functions. */
	reload(moduleId: string): void {
		for (const stream of [...this.#streams.values()]) {
			if (!stream.path.startsWith(`${moduleId}/`)) continue;
			this.close(stream.id);
			this.send(encodeReset(stream.id, 'reload'));
			this.#start({ ...stream.request, position: null });
		}
	}

	/** Events were dropped: their streams get no more until the socket has drained, and are then brought up to date. */
	fellBehind(feeds: ReadonlySet<Feed>): void {
		for (const feed of feeds) {
			const position = feed.position;
			for (const stream of feed.suspend()) stream.catchUp(position);
		}
	}

	/** Where the topics end whose live streams must have everything by now. */
	heads(): Head[] {
		const heads: Head[] = [];
		for (const feed of this.#feeds) {
			const { topic, isLive } = feed;
			if (!isLive || topic.head.offset === 0) continue;
			topic.bringToHead(feed);
			heads.push([topic.alias, topic.head.offset]);
		}
		return heads;
	}

	/** Sends what was published in this pass and is kept for its end. */
	flushEvents(): void {
		for (const feed of this.#feeds) feed.flush();
	}

	room(): MaybePromise<void> {
		if (this.#hasRoom || this.#ended) return; // nothing drains any more: whoever waits goes on, to its own end
		return new Promise((resolve) => (this.#waiting ??= []).push(resolve));
	}

	get #hasRoom(): boolean {
		return this.queue.bytes < ROOM_BYTES;
	}

	drained(): void {
		if (this.#waiting && this.#hasRoom) this.#wake();
	}

	#wake(): void {
		const waiting = this.#waiting ?? [];
		this.#waiting = null;
		for (const resolve of waiting) resolve();
	}

	async join(name: TopicName, view: ViewReader | null): Promise<Feed> {
		const topic = await this.#read(name, view);
		let feed = this.#feeds.find((other) => other.topic === topic);
		if (!feed) {
			feed = new Feed(topic, this);
			this.#feeds = [...this.#feeds, feed];
			topic.feeds.add(feed);
		}
		feed.users++;
		return feed;
	}

	get #views(): ViewGroups {
		return this.#parts.features.get(viewGroupsOf);
	}

	async #read(name: TopicName, view: ViewReader | null): Promise<ReadTopic> {
		const { hub } = this.#parts;
		try {
			const topic = await hub.join(name);
			return view === null ? topic : this.#views.join(topic, view);
		} catch (error) {
			hub.leave(name);
			throw error;
		}
	}

	leave(feed: Feed): void {
		if (--feed.users === 0) {
			this.#feeds = this.#feeds.filter((other) => other !== feed);
			feed.topic.feeds.delete(feed);
		}
		if (feed.topic.isView) this.#views.leave(feed.topic);
		this.#parts.hub.leave(feed.topic.name);
	}

	contextFor(path: string): HostedContext {
		return this.#connection.contextFor(path);
	}

	withTimeout<Value>(promise: MaybePromise<Value>, path: string): MaybePromise<Value> {
		const { clock, limits } = this.#parts;
		return withTimeout(promise, { clock, limitMs: limits.callTimeoutMs, what: path });
	}

	opened(path: string, args: readonly unknown[]): void {
		this.#parts.streamOpened(path, args);
	}

	closed(path: string, args: readonly unknown[]): void {
		this.#parts.streamClosed(path, args);
	}

	send(text: string): void {
		this.#connection.send(text);
	}

	fail(stream: HostedStream, error: unknown, context: HostedContext): void {
		const answer = this.#connection.clientError(error, context);
		if (this.#streams.get(stream.id) === stream) {
			this.#streams.delete(stream.id);
			this.send(encodeError(stream.id, answer));
		}
		stream.close(answer);
	}

	report(path: string, context: HostedContext, run: () => MaybePromise<unknown>): void {
		runReported(run, (error) => this.#parts.onError(path, error, context));
	}
}
