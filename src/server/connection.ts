// One connection: its state, what it may ask for, and what it is sent. It answers every message that it understands and
// ends with `goodbye` on the first one that it does not.

import { closeCodeOf, isLiveError, LiveError } from '../base/errors.ts';
import { assertNever } from '../base/assert.ts';
import type { MaybePromise } from '../base/maybe-promise.ts';
import { encodeError, type Batch, type Call } from '../protocol/call.ts';
import type { RequestId } from '../protocol/fields.ts';
import { encodeGoodbye, encodeWelcome } from '../protocol/handshake.ts';
import { encodeHeartbeat, encodePong } from '../protocol/heartbeat.ts';
import type { Refused } from '../protocol/request.ts';
import type { Catchup, Subscribe } from '../protocol/stream.ts';
import type { UpMessage } from '../protocol/up.ts';
import { assertVersion } from '../protocol/version.ts';
import type { CallHost } from './call-host.ts';
import { Calls } from './calls.ts';
import { HandlerContext, type Caller } from './context.ts';
import { clientError, goingAway } from './failure.ts';
import type { Feed } from './feed.ts';
import { BinaryFrame, Frame } from './frame.ts';
import { Inbox, type InboxOwner } from './inbox.ts';
import { SUCCESSORS, type ConnectionState, type LiveConnection } from './live-connection.ts';
import type { Registered } from './registry.ts';
import { SendQueue, type SendQueueOwner } from './send-queue.ts';
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

export class Connection
	implements LiveConnection, SocketEvents, InboxOwner, CallHost, StreamsOwner, SendQueueOwner<Feed>
{
	readonly id: string;
	readonly session: Session;
	readonly #parts: ServerParts;
	readonly #socket: TransportSocket;
	readonly #caller: Caller;
	readonly #queue: SendQueue<Feed>;
	/** Made for the first call: a page may only listen. */
	#calls: Calls | null = null;
	readonly #streams: Streams;
	readonly #inbox: Inbox;
	#state: ConnectionState = 'greeting';
	#lastHeardMs: number;
	/** When the message came that is being handled; undefined where none is. */
	#handlingSinceMs: number | undefined;
	#beat = 0;
	/** Whether the server flushes it at the end of this pass. */
	#isFlushDue = false;

	constructor(parts: ServerParts, socket: TransportSocket, { id, session }: Peer) {
		this.id = id;
		this.session = session;
		this.#caller = { session, connection: { id, remoteAddress: socket.remoteAddress } };
		this.#parts = parts;
		this.#socket = socket;
		this.#lastHeardMs = parts.clock.now();
		this.#queue = new SendQueue(socket, parts.limits.queueBytes, this);
		this.#streams = new Streams(this, parts, this.#queue);
		this.#inbox = new Inbox(this, socket);
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

	get overload() {
		return this.#parts.admission.overload;
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
		this.#lastHeardMs = this.#handlingSinceMs = this.clock.now();
		this.#inbox.take(data);
		this.#handlingSinceMs = undefined;
	}

	/** The connection cannot go on. */
	cannotGoOn(error: unknown): void {
		if (!isLiveError(error)) this.#parts.onError('', error, null);
		this.goodbye(isLiveError(error) ? error : new LiveError('INTERNAL', 'something went wrong on the server'));
	}

	handle(message: UpMessage): void {
		if (this.#state === 'greeting') return this.#greet(message);
		if (this.#state !== 'open') return;
		switch (message.kind) {
			case 'call':
				if (this.#admits(message)) (this.#calls ??= new Calls(this, this.#parts.observer)).start(message);
				return;
			case 'batch':
				return this.#startBatch(message);
			case 'refused':
				if (this.#admits(message) && !message.silent) this.send(encodeError(message.id, message.error));
				return;
			case 'cancel':
				return this.#calls?.cancel(message.id);
			case 'more':
			case 'chunk':
				return (this.#calls ??= new Calls(this, this.#parts.observer)).hear(message);
			case 'subscribe':
				return this.#subscribe(message);
			case 'unsubscribe':
				return this.#streams.close(message.id);
			case 'catchup':
				return this.#catchUp(message);
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

	/** Whether a call is taken; while the server shuts down it is refused. Every kind of call passes here, those of batches too. */
	#admits({ id, silent }: Call | Refused): boolean {
		this.#assertUnused(id);
		const refusal = this.#parts.draining ? goingAway() : this.#parts.admission.refusal(this.#caller);
		if (refusal !== null && !silent) this.send(encodeError(id, refusal));
		return refusal === null;
	}

	#subscribe(message: Subscribe): void {
		this.#assertUnused(message.id);
		const refusal = this.#parts.admission.refusal(this.#caller);
		if (refusal === null) this.#streams.open(message);
		else this.send(encodeError(message.id, refusal));
	}

	/** A stream that asks too often for what it misses ends, and its client opens it again when it may. */
	#catchUp({ id, position }: Catchup): void {
		const refusal = this.#parts.admission.refusal(this.#caller);
		if (refusal === null) return this.#streams.catchUp(id, position);
		if (!this.#streams.has(id)) return;
		this.#streams.close(id);
		this.send(encodeError(id, refusal));
	}

	#startBatch(batch: Batch): void {
		const calls = batch.calls.filter((call) => this.#admits(call));
		(this.#calls ??= new Calls(this, this.#parts.observer)).startBatch({ ...batch, calls });
	}

	find(path: string): Registered | undefined {
		return this.#parts.registry.get(path);
	}

	contextFor(path: string): HostedContext {
		return new HandlerContext(path, this.#caller, this.#parts);
	}

	/** What was published before is sent before. */
	send(text: string): void {
		this.#push(new Frame(text));
	}

	sendBytes(frame: Uint8Array): void {
		this.#push(new BinaryFrame(frame));
	}

	#push(frame: Frame): void {
		if (this.#state !== 'greeting' && this.#state !== 'open') return;
		if (this.#parts.hub.hasPending) this.#streams.flushEvents();
		this.#queue.push(frame);
	}

	room(): MaybePromise<void> {
		return this.#streams.room();
	}

	report(path: string, error: unknown, context: HostedContext): void {
		this.#parts.onError(path, error, context);
	}

	/** The queue has something to send. */
	needsFlush(): void {
		if (this.#isFlushDue) return;
		this.#isFlushDue = true;
		this.#parts.flushSoon(this, this.#handlingSinceMs);
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
		this.#inbox.goOn();
		this.#calls?.goOn();
		this.#streams.drained();
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
