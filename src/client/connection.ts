// The socket and its life: opens it when it is needed, greets, watches that it lives, and opens another one when it is
// lost. `#become` is the only place that changes the state, and at most one timer runs: the one that the state needs.

import { assert } from '../base/assert.ts';
import { backoffMs } from '../base/backoff.ts';
import type { Timer } from '../base/clock.ts';
import { LiveError } from '../base/errors.ts';
import { decodeDown, type DecodeExtra, type DownMessage, type Extra } from '../protocol/down.ts';
import { encodeHello, type Welcome } from '../protocol/handshake.ts';
import { encodePing, encodePong } from '../protocol/heartbeat.ts';
import { DEFAULT_LIMITS, type Limits } from '../protocol/limits.ts';
import { PROTOCOL_VERSION } from '../protocol/version.ts';
import type { EnvironmentSignal } from './environment.ts';
import { failure, overLimit } from './failure.ts';
import type { Link } from './link.ts';
import type { ClientSettings } from './options.ts';
import { byteLength, Outbox } from './outbox.ts';
import type { ClientSocket, ClientSocketEvents } from './socket.ts';
import { SUCCESSORS, type ConnectionState, type ConnectionStatus } from './status.ts';
import type { Updates } from './updates.ts';

/** What the connection tells to the client; always within `Updates.run`. */
export interface ConnectionEvents {
	/** Messages can be sent. */
	opened(): void;
	received(message: DownMessage | Extra): void;
	/** What was sent and not answered will not be answered. `final`: no attempt follows by itself. */
	failed(error: LiveError, final: boolean): void;
	statusChanged(): void;
	/** Decoders of the extensions. */
	readonly extras: ReadonlyMap<string, DecodeExtra>;
}

/** Refusals that another attempt does not change. */
const REFUSALS: readonly string[] = ['UNAUTHORIZED', 'FORBIDDEN', 'UPGRADE_REQUIRED'];

const NORMAL_CLOSE = 1000;

export class Connection implements Link {
	readonly #settings: ClientSettings;
	readonly #updates: Updates;
	readonly #events: ConnectionEvents;
	readonly #outbox = new Outbox((frame) => this.#socket?.send(frame));
	#status: ConnectionStatus = { state: 'idle', error: undefined, retryAt: undefined };
	#socket: ClientSocket | null = null;
	/** Numbers attempts, so that what an abandoned one still reports is ignored. */
	#attempt = 0;
	/** Attempts in a row that led to no lasting connection. */
	#failures = 0;
	#timer: Timer;
	#limits: Limits = DEFAULT_LIMITS;
	#lastId = 0;
	/** Null before the first welcome. */
	#openedAt: number | null = null;
	/** Before this time the server does not want to see us again. */
	#notBefore = 0;
	#heardAt = 0;
	#framesHeard = 0;
	#unwatch: (() => void) | null = null;

	constructor(settings: ClientSettings, updates: Updates, events: ConnectionEvents) {
		this.#settings = settings;
		this.#updates = updates;
		this.#events = events;
	}

	get status(): ConnectionStatus {
		return this.#status;
	}

	get open(): boolean {
		return this.#status.state === 'open';
	}

	get limits(): Limits {
		return this.#limits;
	}

	nextId(): number {
		return ++this.#lastId;
	}

	demand(): LiveError | undefined {
		if (this.#status.state === 'idle') this.#connect();
		const { state, error } = this.#status;
		return state === 'refused' || state === 'closed' ? error : undefined;
	}

	send(message: string): void {
		const bytes = byteLength(message);
		const { messageBytes } = this.#limits;
		if (bytes > messageBytes)
			throw overLimit('TOO_LARGE', `a message of ${bytes} bytes`, `"messageBytes" is ${messageBytes}`);
		this.#outbox.add(message, bytes, messageBytes);
	}

	sendBytes(frame: Uint8Array<ArrayBuffer>): void {
		this.#outbox.flush();
		this.#socket?.send(frame);
	}

	get bufferedBytes(): number {
		return this.#socket?.bufferedAmount ?? 0;
	}

	/** Opens a new connection at once, in place of the one there may be. */
	reconnect(): void {
		if (this.open) this.#end('waiting', failure('CONNECTION_LOST', 'reconnect() was called'));
		else this.#release();
		this.#connect();
	}

	/** Ends the connection for good. */
	close(): void {
		if (this.#status.state === 'closed') return;
		this.#unwatch?.();
		this.#unwatch = null;
		this.#end('closed', failure('CLOSED', 'the client was closed'));
	}

	/** The only place that changes the state. What the old state waited for ends with it. */
	#become(state: ConnectionState, error?: LiveError, retryAt?: number): void {
		assert(SUCCESSORS[this.#status.state].includes(state), `${this.#status.state} cannot become ${state}`);
		this.#updates.forget(this.#timer);
		this.#status = { state, error, retryAt };
		this.#events.statusChanged();
	}

	#after(delayMs: number, run: () => void): void {
		this.#timer = this.#updates.after(Math.max(0, delayMs), this.#timer, run);
	}

	#connect(): void {
		this.#unwatch ??= this.#settings.environment.watch((signal) => this.#updates.run(() => this.#sense(signal)));
		const first = this.#status.state === 'idle';
		this.#become('connecting', this.#status.error);
		this.#expectWelcome();
		const attempt = ++this.#attempt;
		if (first || !this.#settings.beforeReconnect) this.#openSocket(attempt);
		else void this.#prepare(attempt);
	}

	async #prepare(attempt: number): Promise<void> {
		let open = () => this.#openSocket(attempt);
		try {
			await this.#settings.beforeReconnect?.();
		} catch (cause) {
			open = () => this.#lose(failure('UNAVAILABLE', 'beforeReconnect failed', cause));
		}
		this.#during(attempt, open);
	}

	#expectWelcome(): void {
		const { connectTimeoutMs } = this.#settings;
		this.#after(connectTimeoutMs, () =>
			this.#lose(failure('UNAVAILABLE', `no welcome within ${connectTimeoutMs} ms`))
		);
	}

	#openSocket(attempt: number): void {
		const { url, connect } = this.#settings;
		try {
			this.#socket = connect(typeof url === 'function' ? url() : url, this.#socketEvents(attempt));
		} catch (cause) {
			// A wrong address or no WebSocket class: time does not heal it.
			this.#end('refused', failure('UNAVAILABLE', 'cannot open a socket', cause));
		}
	}

	#during(attempt: number, run: () => void): void {
		if (attempt === this.#attempt) this.#updates.run(run);
	}

	#socketEvents(attempt: number): ClientSocketEvents {
		return {
			opened: () => this.#during(attempt, () => this.#greet()),
			message: (data) => this.#during(attempt, () => this.#hear(data)),
			closed: (code, reason) => this.#during(attempt, () => this.#lose(closedError(this.open, code, reason)))
		};
	}

	#greet(): void {
		this.#become('greeting', this.#status.error);
		this.#expectWelcome();
		this.#socket?.send(encodeHello(PROTOCOL_VERSION));
	}

	#hear(data: unknown): void {
		this.#heardAt = this.#settings.clock.now();
		this.#framesHeard++;
		const attempt = this.#attempt;
		for (const message of this.#decode(data)) if (attempt === this.#attempt) this.#receive(message);
	}

	#decode(data: unknown): (DownMessage | Extra)[] {
		try {
			return decodeDown(data, this.#events.extras);
		} catch (cause) {
			this.#lose(failure('PROTOCOL_ERROR', 'cannot read what the server sent', cause));
			return [];
		}
	}

	#receive(message: DownMessage | Extra): void {
		if (message.kind === 'goodbye') {
			const { code, message: text, retryAfterMs } = message;
			return this.#lose(new LiveError(code, text, retryAfterMs === null ? {} : { retryAfterMs }));
		}
		const { kind } = message;
		if ((kind === 'welcome') === this.open)
			return this.#lose(failure('PROTOCOL_ERROR', `"${kind}" is not expected now`));
		if (kind === 'welcome') return this.#enter(message);
		if (message.kind === 'heartbeat') this.send(encodePong(message.beat));
		this.#events.received(message);
	}

	#enter(welcome: Welcome): void {
		this.#limits = { ...DEFAULT_LIMITS, ...welcome.limits };
		if (this.#openedAt !== null) this.#updates.afterwards(() => this.#settings.onConnect?.());
		this.#openedAt = this.#heardAt;
		this.#become('open');
		this.#watchSilence(this.#heardAt, this.#silenceLimitMs);
		this.#events.opened();
	}

	get #silenceLimitMs(): number {
		return 2 * this.#limits.heartbeatMs;
	}

	/** Gives the connection up where nothing is heard for a time that began at `since`. */
	#watchSilence(since: number, limitMs: number): void {
		const heard = this.#framesHeard;
		this.#after(since + limitMs - this.#settings.clock.now(), () => {
			if (this.#framesHeard !== heard) return this.#watchSilence(this.#heardAt, this.#silenceLimitMs);
			this.#lose(failure('HEARTBEAT_TIMEOUT', `nothing heard for ${limitMs} ms`));
		});
	}

	/** The network or the page changed: a wait may be over, an open connection may be dead. */
	#sense(signal: EnvironmentSignal): void {
		const { state } = this.#status;
		const now = this.#settings.clock.now();
		if (state === 'open') {
			this.send(encodePing(this.nextId()));
			this.#watchSilence(now, this.#settings.pingTimeoutMs);
		} else if (signal !== 'offline') {
			if (state === 'refused') this.#connect();
			if (state === 'waiting') this.#after(this.#notBefore - now, () => this.#connect());
		}
	}

	/** The connection or the attempt failed; another one follows unless it was refused. */
	#lose(error: LiveError): void {
		const { clock, backoff } = this.#settings;
		if (REFUSALS.includes(error.code)) return this.#end('refused', error);
		const now = clock.now();
		// A server that fails soon after every welcome is not to be met with first delays for ever.
		if (this.open && now - (this.#openedAt ?? now) >= backoff.firstMs) this.#failures = 0;
		const delayMs = this.#retryDelayMs(error);
		this.#end('waiting', error, clock.wallTime() + delayMs);
		this.#notBefore = now + (error.retryAfterMs ?? 0);
		this.#after(delayMs, () => this.#connect());
		this.#failures++;
	}

	#retryDelayMs(error: LiveError): number {
		const drawn = backoffMs(this.#failures, this.#settings.random(), this.#settings.backoff);
		const asked = error.retryAfterMs ?? (error.code === 'SESSION_EXPIRED' ? 0 : undefined);
		if (asked === undefined) return drawn;
		return this.#failures === 0 ? asked : Math.max(asked, drawn);
	}

	#end(state: 'waiting' | 'refused' | 'closed', error: LiveError, retryAt?: number): void {
		const wasOpen = this.open;
		this.#release();
		this.#become(state, error, retryAt);
		if (wasOpen) this.#updates.afterwards(() => this.#settings.onDisconnect?.(error));
		if (state === 'refused' || error.code === 'PROTOCOL_ERROR')
			this.#updates.afterwards(() => this.#settings.onError?.(error, undefined));
		this.#events.failed(error, state !== 'waiting');
	}

	#release(): void {
		this.#attempt++;
		this.#outbox.clear();
		this.#socket?.close(NORMAL_CLOSE);
		this.#socket = null;
	}
}

function closedError(wasOpen: boolean, code: number, reason: string): LiveError {
	const how = `(close code ${code}${reason && `, ${reason}`})`;
	return wasOpen
		? failure('CONNECTION_LOST', `the connection was lost ${how}`)
		: failure('UNAVAILABLE', `the connection failed ${how}`);
}
