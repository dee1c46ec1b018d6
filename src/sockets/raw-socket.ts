// One raw WebSocket of an endpoint, from its upgrade to its end. Invariants: `close` is heard exactly once, behind every message
// that is heard; what waits for a peer is bounded, and a peer that does not read is closed, never skipped.

import { LiveError } from '../base/errors.ts';
import { isPromise, type MaybePromise } from '../base/maybe-promise.ts';
import { randomName } from '../base/random.ts';
import { utf8Length } from '../server/frame.ts';
import type { LiveConnection } from '../server/live-connection.ts';
import type { Session, User } from '../server/session.ts';
import type { MessageSocket, SocketEvents } from '../server/transport.ts';
import { endingOf, isSendable, peerError, type Ending } from './close.ts';
import { Inbox } from './inbox.ts';
import { HIGH_WATER_BYTES, type SocketLimits } from './limits.ts';
import { Listeners } from './listeners.ts';
import type {
	SocketCloseEvent,
	SocketConnection,
	SocketData,
	SocketEventMap,
	SocketHooks,
	SocketListener,
	SocketListenerOptions
} from './socket.ts';

/** What a socket is told of itself when it opens. */
export interface Opening {
	readonly hooks: SocketHooks;
	/** Whether messages wait for a listener instead of for `connect`. */
	readonly isFunction: boolean;
	readonly params: Readonly<Record<string, string>>;
	readonly url: URL;
	readonly session: Session;
	readonly protocol: string;
}

/** What it belongs to. */
export interface SocketOwner {
	readonly sockets: ReadonlySet<RawSocket>;
	readonly limits: SocketLimits;
	/** It is gone. */
	closed(socket: RawSocket, code: number): void;
	/** A handler of a message or of the end works until this settles. */
	running(outcome: PromiseLike<unknown>): void;
	/** It has taken every message that came. */
	idle(socket: RawSocket): void;
	/** The application's own error, which the peer does not get to see. */
	report(error: unknown): void;
}

type Received = string | Uint8Array | SocketCloseEvent;

const CUT = 1006;
const NO_CODE = 1005;
const NEITHER = Promise.resolve(false);
const ROOM = Promise.resolve(true);

export class RawSocket implements SocketConnection, LiveConnection {
	readonly id = randomName();
	readonly #transport: MessageSocket;
	readonly #opening: Opening;
	readonly #owner: SocketOwner;
	readonly #listeners = new Listeners();
	readonly #inbox: Inbox<Received>;
	#state: 'open' | 'closing' | 'closed' = 'open';
	/** What it was closed with here. */
	#ending: Ending | null = null;
	/** Who waits for room. */
	#waiting: ((isOpen: boolean) => void)[] = [];
	/** Whether a ping is on its way. */
	#asked = false;
	#abort: AbortController | undefined;

	constructor(transport: MessageSocket, opening: Opening, owner: SocketOwner) {
		this.#transport = transport;
		this.#opening = opening;
		this.#owner = owner;
		this.#inbox = new Inbox({
			take: (received) => {
				const outcome = this.#take(received);
				if (isPromise(outcome)) owner.running(outcome);
				return outcome;
			},
			failed: (error) => this.#crash(error),
			pause: () => transport.pause(),
			resume: () => transport.resume(),
			idle: () => owner.idle(this)
		});
	}

	get params(): Readonly<Record<string, string>> {
		return this.#opening.params;
	}

	get url(): URL {
		return this.#opening.url;
	}

	get session(): Session {
		return this.#opening.session;
	}

	get user(): User {
		return this.#opening.session.user;
	}

	get peers(): ReadonlySet<RawSocket> {
		return this.#owner.sockets;
	}

	get protocol(): string {
		return this.#opening.protocol;
	}

	get remoteAddress(): string | undefined {
		return this.#transport.remoteAddress;
	}

	get state(): 'open' | 'closing' | 'closed' {
		return this.#state;
	}

	get signal(): AbortSignal {
		this.#abort ??= new AbortController();
		if (this.#state !== 'open') this.#abort.abort();
		return this.#abort.signal;
	}

	get bufferedAmount(): number {
		return this.#transport.bufferedBytes;
	}

	send(data: SocketData): Promise<boolean> {
		if (this.#state !== 'open') return NEITHER;
		const message = messageOf(data);
		const bytes = typeof message === 'string' ? utf8Length(message) : message.length;
		const { queueBytes } = this.#owner.limits;
		if (bytes > queueBytes)
			throw new LiveError('TOO_LARGE', `a message of ${bytes} bytes; "queueBytes" is ${queueBytes}`);
		if (this.bufferedAmount + bytes > queueBytes) {
			this.#fail(new LiveError('SLOW_CONSUMER', `more than ${queueBytes} bytes wait; the limit is "queueBytes"`));
			return NEITHER;
		}
		this.#transport.sendMessage(message);
		return this.bufferedAmount <= Math.min(HIGH_WATER_BYTES, queueBytes / 2) ? ROOM : this.drained();
	}

	drained(): Promise<boolean> {
		if (this.#state !== 'open') return NEITHER;
		if (this.bufferedAmount === 0) return ROOM;
		return new Promise((resolve) => this.#waiting.push(resolve));
	}

	close(code = 1000, reason = ''): void {
		if (!isSendable(code)) throw new LiveError('BAD_REQUEST', `the close code ${code} may not be sent`);
		this.#end({ code, reason });
	}

	terminate(): void {
		if (this.#state === 'closed') return;
		this.#leaveOpen();
		this.#transport.terminate();
	}

	addEventListener<Type extends keyof SocketEventMap>(
		type: Type,
		listener: SocketListener<Type>,
		options?: SocketListenerOptions
	): void {
		this.#listeners.add(type, listener, options);
		if (type === 'message' && this.#opening.isFunction) this.#inbox.open();
	}

	removeEventListener<Type extends keyof SocketEventMap>(type: Type, listener: SocketListener<Type>): void {
		this.#listeners.remove(type, listener);
	}

	/** Lets the application begin. What is returned hears what the transport reports. */
	start(): SocketEvents {
		const begun = this.#attempt(() => this.#opening.hooks.connect?.(this));
		if (isPromise(begun)) void begun.then(() => this.#inbox.open());
		else this.#inbox.open();
		return {
			message: (data) => {
				this.#asked = false;
				// Its bytes are a part of what is being read.
				if (this.#state === 'open') this.#inbox.push(typeof data === 'string' ? data : new Uint8Array(data));
			},
			drained: () => this.#settle(true),
			ponged: () => (this.#asked = false),
			violated: (code) => this.#violated(code),
			closed: (code, reason) => this.#closed(code, reason)
		};
	}

	// What follows is what the server asks of every connection.

	get pendingCalls(): number {
		return this.#state === 'open' ? this.#inbox.size : 0;
	}

	get queuedBytes(): number {
		return this.bufferedAmount;
	}

	flush(): void {}

	reload(): void {}

	/** A peer that we do not read from cannot show that it lives. */
	beat(): void {
		if (this.#state !== 'open' || this.#inbox.isPaused) return;
		if (this.#asked) {
			this.#fail(new LiveError('HEARTBEAT_TIMEOUT', 'the peer did not answer a ping'));
			return this.terminate();
		}
		this.#asked = true;
		this.#transport.ping();
	}

	goodbye(error: LiveError): void {
		this.#end(endingOf(error));
	}

	#take(received: Received): MaybePromise<unknown> {
		const { hooks } = this.#opening;
		if (typeof received === 'object' && 'wasClean' in received)
			return this.#both(
				() => hooks.close?.(this, received),
				() => this.#listeners.emit('close', received)
			);
		return this.#both(
			() => hooks.message?.(this, received),
			() => this.#listeners.emit('message', { type: 'message', data: received })
		);
	}

	/** The hook, then the listeners; waits for both. */
	#both(hook: () => MaybePromise<unknown>, listeners: () => MaybePromise<unknown>): MaybePromise<unknown> {
		const first = hook();
		return isPromise(first) ? first.then(listeners) : listeners();
	}

	/** Runs code of the application. Never throws, and what it returns never rejects. */
	#attempt(run: () => MaybePromise<unknown>): MaybePromise<unknown> {
		try {
			const result = run();
			return isPromise(result) ? result.then(undefined, (error: unknown) => this.#crash(error)) : undefined;
		} catch (error) {
			return this.#crash(error);
		}
	}

	/** A handler failed: whatever it held of its peer's state is not to be relied on. */
	#crash(error: unknown): void {
		const told = peerError(error);
		if (told !== error) this.#owner.report(error);
		this.#tell(error);
		this.goodbye(told);
	}

	#fail(error: LiveError): void {
		this.#tell(error);
		this.goodbye(error);
	}

	/** Tells the application; where that fails as well, only the log hears of it. */
	#tell(error: unknown): void {
		const tell = () =>
			this.#both(
				() => this.#opening.hooks.error?.(this, error),
				() => this.#listeners.emit('error', { type: 'error', error })
			);
		const report = (failure: unknown): void => this.#owner.report(failure);
		try {
			const told = tell();
			if (isPromise(told)) void told.then(undefined, report);
		} catch (failure) {
			report(failure);
		}
	}

	/** The transport closes it, and the peer's answer is not read. */
	#violated(code: number): void {
		const { messageBytes } = this.#owner.limits;
		const error =
			code === 1009
				? new LiveError(
						'TOO_LARGE',
						`the peer sent a message of more than ${messageBytes} bytes ("messageBytes")`
					)
				: new LiveError('PROTOCOL_ERROR', `the peer broke the rules of WebSocket (${code})`);
		this.#ending ??= { code, reason: endingOf(error).reason };
		this.#leaveOpen();
		this.#tell(error);
	}

	#end(ending: Ending): void {
		if (this.#state !== 'open') return;
		this.#ending ??= ending;
		this.#leaveOpen();
		this.#transport.close(ending.code, ending.reason);
	}

	#leaveOpen(): void {
		if (this.#state === 'open') this.#state = 'closing';
		this.#inbox.clear();
		this.#settle(false);
		this.#abort?.abort();
	}

	#closed(code: number, reason: string): void {
		this.#state = 'closed';
		this.#settle(false);
		this.#abort?.abort();
		this.#owner.closed(this, code);
		const isSaid = code !== CUT && code !== NO_CODE;
		const heard = isSaid || this.#ending === null ? { code, reason } : this.#ending;
		this.#inbox.push({ type: 'close', ...heard, wasClean: code !== CUT });
		// Also where `connect` never ends.
		this.#inbox.open();
	}

	#settle(isOpen: boolean): void {
		const waiting = this.#waiting;
		this.#waiting = [];
		for (const resolve of waiting) resolve(isOpen);
	}
}

function messageOf(data: SocketData): string | Uint8Array {
	if (typeof data === 'string') return data;
	return ArrayBuffer.isView(data)
		? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
		: new Uint8Array(data);
}
