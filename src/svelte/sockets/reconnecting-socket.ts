// A WebSocket in the browser that comes back. Invariants: at most one socket at a time is open or opening, and what one that was
// given up still reports changes nothing.

import { backoffMs, BACKOFF_DEFAULTS } from '../../base/backoff.ts';
import { systemClock, type Clock, type Timer } from '../../base/clock.ts';
import type { MaybePromise } from '../../base/maybe-promise.ts';
import { browserEnvironment, type Environment } from '../../client/environment.ts';
import { UrlRefused } from './action-url.ts';

/** idle: not opened yet · waiting: was lost, and is opened again · closed: for good, until `open` */
export type SocketStatus = 'idle' | 'connecting' | 'open' | 'waiting' | 'closed';

export interface SocketState {
	readonly status: SocketStatus;
	/** Why it was lost, was closed by the server, or never came to be; null while all is well. */
	readonly reason: string | null;
}

/** The part of the browser's WebSocket that is used. */
export interface BrowserSocket {
	binaryType: string;
	onopen: unknown;
	onmessage: unknown;
	onclose: unknown;
	readonly bufferedAmount: number;
	send(data: string | ArrayBufferLike | ArrayBufferView | Blob): void;
	close(code?: number, reason?: string): void;
}

export interface ReconnectingOptions {
	/** Asked before every attempt. */
	url: () => MaybePromise<string>;
	/** Whether each attempt has an address of its own: then one that is unknown is no reason to give up. */
	isOneTime: boolean;
	onState: (state: SocketState) => void;
	onMessage: (data: string | ArrayBuffer) => void;
	onClose?: (code: number, reason: string) => void;
	/** Whether to come back after a close. @default what `usual` says */
	reconnect?: ((code: number, reason: string, usual: boolean) => boolean) | undefined;
	connect?: (url: string) => BrowserSocket;
	clock?: Clock;
	/** A number in [0, 1), for the spread of reconnects. */
	random?: () => number;
	environment?: Environment;
}

export type Sendable = Parameters<BrowserSocket['send']>[0];

const CONNECT_TIMEOUT_MS = 10_000;
const NORMAL = 1000;
const UNKNOWN_ADDRESS = 4404;
/** The server meant it: another attempt would end the same way. */
const FINAL = new Set([NORMAL, 1008, 4400, 4401, 4403]);

export class ReconnectingSocket {
	readonly #options: ReconnectingOptions;
	readonly #clock: Clock;
	#state: SocketState = { status: 'idle', reason: null };
	#socket: BrowserSocket | null = null;
	/** Names the current attempt: what an older one reports does not count. */
	#attempt = 0;
	#failures = 0;
	#openedAt = 0;
	#timer: Timer;
	#unwatch: (() => void) | null = null;

	constructor(options: ReconnectingOptions) {
		this.#options = options;
		this.#clock = options.clock ?? systemClock;
	}

	get state(): SocketState {
		return this.#state;
	}

	/** Opens it, unless it is open or about to be. */
	open(): void {
		const { status } = this.#state;
		if (status === 'open' || status === 'connecting') return;
		this.#failures = 0;
		const environment = this.#options.environment ?? browserEnvironment;
		this.#unwatch ??= environment.watch((signal) => {
			if (signal !== 'offline' && this.#state.status === 'waiting') void this.#connect();
		});
		void this.#connect();
	}

	/** Closes it for good. */
	close(code: number = NORMAL, reason = ''): void {
		if (this.#state.status === 'idle' || this.#state.status === 'closed') return;
		this.#release(code, reason);
		this.#finish(null);
	}

	/** Returns whether it was sent: only an open socket sends, and nothing is kept for later. */
	send(data: Sendable): boolean {
		if (this.#state.status !== 'open') return false;
		this.#socket?.send(data);
		return true;
	}

	/** Bytes that have not left the browser yet. */
	get bufferedAmount(): number {
		return this.#socket?.bufferedAmount ?? 0;
	}

	#become(status: SocketStatus, reason: string | null): void {
		this.#clock.clearTimer(this.#timer);
		this.#state = { status, reason };
		this.#options.onState(this.#state);
	}

	async #connect(): Promise<void> {
		this.#become('connecting', this.#state.reason);
		const attempt = ++this.#attempt;
		this.#timer = this.#clock.setTimer(
			() => this.#lose(`no connection within ${CONNECT_TIMEOUT_MS} ms`),
			CONNECT_TIMEOUT_MS
		);
		try {
			const url = await this.#options.url();
			if (attempt === this.#attempt) this.#listen(this.#make(url), attempt);
		} catch (error) {
			if (attempt !== this.#attempt) return;
			const reason = error instanceof Error ? error.message : String(error);
			if (error instanceof UrlRefused && error.isFinal) this.#finish(reason);
			else this.#lose(reason);
		}
	}

	#make(url: string): BrowserSocket {
		const socket = (this.#options.connect ?? connectByBrowser)(url);
		socket.binaryType = 'arraybuffer';
		this.#socket = socket;
		return socket;
	}

	#listen(socket: BrowserSocket, attempt: number): void {
		const current = (): boolean => attempt === this.#attempt;
		socket.onopen = () => {
			if (!current()) return;
			this.#openedAt = this.#clock.now();
			this.#become('open', null);
		};
		socket.onmessage = ({ data }: { data: string | ArrayBuffer }) => {
			if (current()) this.#options.onMessage(data);
		};
		socket.onclose = ({ code, reason }: { code: number; reason: string }) => {
			if (current()) this.#closed(code, reason);
		};
	}

	#closed(code: number, reason: string): void {
		const { isOneTime, reconnect, onClose } = this.#options;
		const isFinal = FINAL.has(code) || (code === UNKNOWN_ADDRESS && !isOneTime);
		const comesBack = reconnect ? reconnect(code, reason, !isFinal) : !isFinal;
		const text = reason || `the connection was closed (${code})`;
		if (comesBack) this.#lose(text);
		else this.#finish(code === NORMAL ? reason || null : text);
		onClose?.(code, reason);
	}

	/** Opens another one, in a while. */
	#lose(reason: string): void {
		const wasOpen = this.#state.status === 'open';
		// A server that closes soon after every opening is not to be met with first delays for ever.
		if (wasOpen && this.#clock.now() - this.#openedAt >= BACKOFF_DEFAULTS.firstMs) this.#failures = 0;
		this.#release(NORMAL, '');
		this.#become('waiting', reason);
		const delayMs = backoffMs(this.#failures++, (this.#options.random ?? Math.random)());
		this.#timer = this.#clock.setTimer(() => void this.#connect(), delayMs);
	}

	#finish(reason: string | null): void {
		this.#release(NORMAL, '');
		this.#unwatch?.();
		this.#unwatch = null;
		this.#become('closed', reason);
	}

	#release(code: number, reason: string): void {
		this.#attempt++;
		this.#socket?.close(code, reason);
		this.#socket = null;
	}
}

/** A path of the page's own origin, or a whole address. */
function connectByBrowser(url: string): BrowserSocket {
	const absolute = new URL(url, location.href);
	absolute.protocol = absolute.protocol.replace('http', 'ws');
	return new WebSocket(absolute);
}
