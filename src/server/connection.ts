// One connection: its state, what it may ask for, and what it is sent. It answers every message that it understands and
// ends with `goodbye` on the first one that it does not.

import { closeCodeOf, isLiveError, LiveError } from '../base/errors.ts';
import { assertNever } from '../base/assert.ts';
import { encodeError, type Batch } from '../protocol/call.ts';
import type { RequestId } from '../protocol/fields.ts';
import { encodeGoodbye, encodeWelcome } from '../protocol/handshake.ts';
import { encodeHeartbeat, encodePong } from '../protocol/heartbeat.ts';
import { decodeUp, type UpMessage } from '../protocol/up.ts';
import { assertVersion } from '../protocol/version.ts';
import { Calls, type CallHost } from './calls.ts';
import { HandlerContext, type Caller } from './context.ts';
import { clientError, goingAway } from './failure.ts';
import type { Feed } from './feed.ts';
import { Frame, utf8Length } from './frame.ts';
import { SUCCESSORS, type ConnectionState, type LiveConnection } from './live-connection.ts';
import type { Registered } from './registry.ts';
import { ENTRY_BYTES, SendQueue, type SendQueueOwner } from './send-queue.ts';
import type { ServerParts } from './server-parts.ts';
import type { Session } from './session.ts';
import type { HostedContext } from './stream-host.ts';
import { Streams, type StreamsOwner } from './streams.ts';
import type { SocketEvents, TransportSocket } from './transport.ts';

/** Who connected. */
export interface Peer {
	readonly id: string;
	readonly session: Session;
}

export class Connection implements LiveConnection, SocketEvents, CallHost, StreamsOwner, SendQueueOwner<Feed> {
	readonly id: string;
	readonly session: Session;
	readonly #parts: ServerParts;
	readonly #socket: TransportSocket;
	readonly #caller: Caller;
	readonly #queue: SendQueue<Feed>;
	/** Made for the first call: a page may only listen. */
	#calls: Calls | null = null;
	readonly #streams: Streams;
	#state: ConnectionState = 'greeting';
	#lastHeardMs: number;
	#beat = 0;
	/** Whether the server flushes it at the end of this pass. */
	#isFlushDue = false;
	/** Whether the peer is not read until it reads. */
	#paused = false;
	/** The rest of the frame during which it was paused. */
	#unhandled: readonly UpMessage[] = [];
	/** Frames that the transport had read before it was paused. */
	#held: (string | Uint8Array)[] | null = null;
	#heldBytes = 0;

	constructor(parts: ServerParts, socket: TransportSocket, { id, session }: Peer) {
		this.id = id;
		this.session = session;
		this.#caller = { session, connection: { id, remoteAddress: socket.remoteAddress } };
		this.#parts = parts;
		this.#socket = socket;
		this.#lastHeardMs = parts.clock.now();
		this.#queue = new SendQueue(socket, parts.limits.queueBytes, this);
		this.#streams = new Streams(this, parts, this.#queue);
	}

	get state(): ConnectionState {
		return this.#state;
	}

	get clock() {
		return this.#parts.clock;
	}

	get limits() {
		return this.#parts.limits;
	}

	get once() {
		return this.#parts.process.once;
	}

	get middleware() {
		return this.#parts.registry.middleware;
	}

	/** Whether the peer takes its answers. */
	get hasRoom(): boolean {
		return this.#queue.hasRoom;
	}

	/** Calls that are not answered yet. */
	get pendingCalls(): number {
		return this.#calls?.size ?? 0;
	}

	/** Bytes that wait to be sent. */
	get queuedBytes(): number {
		return this.#queue.bytes;
	}

	/** The one place where the state changes. */
	#become(next: ConnectionState): boolean {
		if (!SUCCESSORS[this.#state].includes(next)) return false;
		this.#state = next;
		this.#parts.stateChanged(this, next);
		return true;
	}

	message(data: string | Uint8Array): void {
		if (this.#state !== 'greeting' && this.#state !== 'open') return;
		this.#lastHeardMs = this.clock.now();
		if (this.#paused) this.#hold(data);
		else this.#receive(data);
	}

	/** A transport goes on with what it had read before it was paused; one that cannot pause would go on for ever. */
	#hold(data: string | Uint8Array): void {
		const { queueBytes } = this.limits;
		this.#heldBytes += data.length + ENTRY_BYTES;
		(this.#held ??= []).push(data);
		if (this.#heldBytes <= queueBytes) return;
		const message = `the client does not read its answers and asks on; the limit "queueBytes" is ${queueBytes}`;
		this.goodbye(new LiveError('SLOW_CONSUMER', message, { retryAfterMs: 1_000 }));
	}

	#receive(data: string | Uint8Array): void {
		try {
			this.#handleAll(decodeUp(this.#text(data), this.limits));
		} catch (error) {
			this.#violated(error);
		}
	}

	/** Stops where the answers fill the queue; the rest waits until the peer has read them. */
	#handleAll(messages: readonly UpMessage[]): void {
		let handled = 0;
		for (const message of messages) {
			this.#handle(message);
			this.#pauseWhileFull();
			if (++handled < messages.length && this.#paused) return void (this.#unhandled = messages.slice(handled));
		}
	}

	#text(data: string | Uint8Array): string {
		if (typeof data !== 'string')
			throw new LiveError('PROTOCOL_ERROR', 'binary frames are not part of this version');
		const { messageBytes } = this.limits;
		// A character takes one to three bytes, so most frames need no counting.
		if (data.length * 3 > messageBytes && utf8Length(data) > messageBytes) {
			throw new LiveError(
				'TOO_LARGE',
				`a message has more bytes than the limit "messageBytes" of ${messageBytes}`
			);
		}
		return data;
	}

	#violated(error: unknown): void {
		if (!isLiveError(error)) this.#parts.onError('', error, null);
		this.goodbye(isLiveError(error) ? error : new LiveError('INTERNAL', 'something went wrong on the server'));
	}

	#handle(message: UpMessage): void {
		if (this.#state === 'greeting') return this.#greet(message);
		if (this.#state !== 'open') return;
		switch (message.kind) {
			case 'call':
				if (this.#admits(message.id)) (this.#calls ??= new Calls(this, this.#parts.observer)).start(message);
				return;
			case 'batch':
				return this.#startBatch(message);
			case 'refused':
				if (this.#admits(message.id)) this.send(encodeError(message.id, message.error));
				return;
			case 'cancel':
				return this.#calls?.cancel(message.id);
			case 'subscribe':
				this.#assertUnused(message.id);
				return this.#streams.open(message);
			case 'unsubscribe':
				return this.#streams.close(message.id);
			case 'catchup':
				return this.#streams.catchUp(message.id, message.position);
			case 'ping':
				return this.send(encodePong(message.beat));
			case 'pong':
				return;
			case 'hello':
				throw new LiveError('PROTOCOL_ERROR', 'hello was said already');
			default:
				return assertNever(message);
		}
	}

	#greet(message: UpMessage): void {
		if (message.kind !== 'hello') throw new LiveError('PROTOCOL_ERROR', `the first message must be "hello"`);
		assertVersion(message.version);
		this.#become('open');
		this.send(encodeWelcome({ version: message.version, connectionId: this.id, limits: this.limits }));
	}

	#assertUnused(id: RequestId): void {
		if (this.#calls?.has(id) || this.#streams.has(id)) {
			throw new LiveError('PROTOCOL_ERROR', `the id ${id} is in use by a call or stream that has not ended`);
		}
	}

	/** Whether a call is taken; while the server shuts down it is refused. */
	#admits(id: RequestId): boolean {
		this.#assertUnused(id);
		if (!this.#parts.draining) return true;
		this.send(encodeError(id, goingAway()));
		return false;
	}

	#startBatch(batch: Batch): void {
		const calls = batch.calls.filter(({ id }) => this.#admits(id));
		(this.#calls ??= new Calls(this, this.#parts.observer)).startBatch({ ...batch, calls });
	}

	/** A peer that does not read its answers does not get to ask for more of them. */
	#pauseWhileFull(): void {
		if (this.#paused || this.#queue.hasRoom) return;
		this.#paused = true;
		this.#socket.pause();
	}

	find(path: string): Registered | undefined {
		return this.#parts.registry.get(path);
	}

	contextFor(path: string): HostedContext {
		return new HandlerContext(path, this.#caller, this.#parts.publisher);
	}

	/** What was published before is sent before. */
	send(text: string): void {
		if (this.#state !== 'greeting' && this.#state !== 'open') return;
		if (this.#parts.hub.hasPending) this.#streams.flushEvents();
		this.#queue.push(new Frame(text));
	}

	/** The queue has something to send. */
	needsFlush(): void {
		if (this.#isFlushDue) return;
		this.#isFlushDue = true;
		this.#parts.flushSoon(this);
	}

	/** The queue had to drop events. */
	overflowed(feeds: ReadonlySet<Feed>, events: number): void {
		this.#parts.observer?.eventsDropped?.(events);
		this.#streams.fellBehind(feeds);
	}

	conflated(): void {
		this.#parts.observer?.eventConflated?.();
	}

	clientError(error: unknown, context: HostedContext): LiveError {
		return clientError(error, context, this.#parts.onError);
	}

	callsDone(): void {
		this.#parts.callsDone(this);
	}

	handling(outcome: PromiseLike<unknown>): void {
		this.#parts.handling(outcome);
	}

	/** Called at the end of every pass in which something was queued, and when the socket has drained. */
	flush(): void {
		this.#isFlushDue = false;
		if (this.#state === 'closed') return;
		this.#queue.flush();
		this.#relieved(); // what a kernel takes at once is never reported as drained
	}

	drained(): void {
		this.#lastHeardMs = this.clock.now(); // the peer read: it is alive
		this.flush();
	}

	/** Goes on with what waited for room, where there is some again. */
	#relieved(): void {
		if (this.#paused && this.#queue.hasRoom) this.#goOn();
		this.#calls?.goOn();
		this.#streams.drained();
	}

	#goOn(): void {
		this.#paused = false;
		const unhandled = this.#unhandled;
		this.#unhandled = [];
		try {
			this.#handleAll(unhandled);
		} catch (error) {
			this.#violated(error);
		}
		while (!this.#paused) {
			const data = this.#held?.shift();
			if (data === undefined) return this.#socket.resume();
			this.#heldBytes -= data.length + ENTRY_BYTES;
			this.#receive(data);
		}
	}

	/** Sends a heartbeat, or ends a connection that was silent for two of them. */
	beat(): void {
		if (this.#state !== 'open') return;
		const silenceMs = this.clock.now() - this.#lastHeardMs;
		if (silenceMs > 2 * this.limits.heartbeatMs) {
			this.goodbye(new LiveError('HEARTBEAT_TIMEOUT', `nothing was heard for ${Math.round(silenceMs)} ms`));
			this.#socket.terminate(); // nobody is there to answer a close
		} else this.send(encodeHeartbeat(++this.#beat, this.#streams.heads()));
	}

	/** Streams of a module that was replaced are loaded anew. */
	reload(moduleId: string): void {
		this.#streams.reload(moduleId);
	}

	/** Says why, then closes. Running calls are aborted and streams end. */
	goodbye(error: LiveError): void {
		if (this.#state !== 'greeting' && this.#state !== 'open') return;
		const retryAfterMs = error.retryAfterMs ?? null;
		this.send(encodeGoodbye({ code: error.code, message: error.message, retryAfterMs }));
		this.#queue.flushAll();
		this.#become('closing');
		this.#release(error);
		this.#socket.close(closeCodeOf(error.code), error.code);
	}

	terminate(): void {
		this.#socket.terminate();
	}

	closed(code: number): void {
		if (!this.#become('closed')) return;
		this.#parts.observer?.connectionClosed?.(code);
		this.#release(new LiveError('CONNECTION_LOST', 'the connection was closed'));
	}

	#release(reason: LiveError): void {
		this.#calls?.abortAll(reason);
		this.#streams.closeAll(reason);
	}
}
