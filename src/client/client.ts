// The client: one connection, the calls and streams on it, and the hand-over between them.

import type { Failure } from '../protocol/call.ts';
import type { DecodeExtra, DownMessage, Extra } from '../protocol/down.ts';
import { Calls, type BatchOptions, type CallOptions, type QueryOptions } from './calls.ts';
import { Connection } from './connection.ts';
import type { Answer, ClientExtension, MakeExtension } from './extension.ts';
import { applyOptions, CLIENT_DEFAULTS, type ClientOptions, type ClientSettings } from './options.ts';
import type { ConnectionStatus } from './status.ts';
import type { ClientStream } from './stream.ts';
import { Streams } from './streams.ts';
import { callAll, Updates } from './updates.ts';

/** What a batch resolves to, given what its function returned. */
export type BatchResults<Calls extends readonly unknown[]> = {
	-readonly [Index in keyof Calls]: Awaited<Calls[Index]>;
};

/** A connection to one server, opened at the first call or stream. */
export class Client {
	readonly #settings: ClientSettings = { ...CLIENT_DEFAULTS };
	readonly #updates = new Updates(this.#settings);
	readonly #connection: Connection;
	readonly #calls: Calls;
	readonly #streams: Streams;
	/** By what made them. */
	readonly #extensions = new Map<MakeExtension<ClientExtension>, ClientExtension>();
	readonly #answers = new Map<number, Answer>();
	readonly #extras = new Map<string, DecodeExtra>();
	readonly #statusListeners = new Set<() => void>();
	readonly #publishStatus = (): void => callAll(this.#statusListeners);

	constructor(options: ClientOptions = {}) {
		applyOptions(this.#settings, options);
		this.#connection = new Connection(this.#settings, this.#updates, {
			opened: () => {
				// Streams first: what a call publishes then finds them subscribed.
				this.#streams.opened();
				this.#calls.opened();
				for (const extension of this.#extensions.values()) extension.opened?.();
			},
			received: (message) => this.#receive(message),
			failed: (error, final) => {
				this.#calls.failed(error, final);
				this.#streams.failed(error, final);
				for (const extension of this.#extensions.values()) extension.failed?.(error, final);
			},
			statusChanged: () => this.#updates.afterwards(this.#publishStatus),
			extras: this.#extras
		});
		this.#calls = new Calls(this.#connection, this.#settings, this.#updates);
		const ask = (path: string, args: readonly unknown[]) => this.query(path, args, { fresh: true });
		this.#streams = new Streams(this.#connection, this.#settings, this.#updates, ask);
	}

	/** How the connection stands now. A new object whenever it changes. */
	get status(): ConnectionStatus {
		return this.#connection.status;
	}

	/** Calls `listener` after every change of `status`. Returns what removes it. */
	onStatus(listener: (status: ConnectionStatus) => void): () => void {
		const entry = () => listener(this.status);
		this.#statusListeners.add(entry);
		return () => void this.#statusListeners.delete(entry);
	}

	/** Runs a server function, at most once. Rejects with a LiveError. */
	call(path: string, args: readonly unknown[], options?: CallOptions): Promise<unknown> {
		return this.#updates.run(() => this.#calls.call(path, args, options));
	}

	/** Runs a server function that changes nothing: shared while one is under way, and repeated when the connection is lost. */
	async query(path: string, args: readonly unknown[], options?: QueryOptions): Promise<unknown> {
		return this.#updates.run(() => this.#calls.query(path, args, options));
	}

	/**
	 * Sends the calls that `collect` makes before it returns as one message. Resolves like `Promise.all` of the list that it
	 * returned; each call settles by itself.
	 */
	async batch<const Promises extends readonly unknown[]>(
		collect: () => Promises,
		options: BatchOptions = {}
	): Promise<BatchResults<Promises>> {
		return Promise.all(this.#updates.run(() => this.#calls.batch(collect, options)));
	}

	/**
	 * The stream of a path and its arguments: the same object as long as anyone uses it.
	 * @param version of the rows that whoever asks knows; without it the server's own
	 */
	stream(path: string, args: readonly unknown[], version?: number): ClientStream {
		return this.#updates.run(() => this.#streams.get(path, args, version));
	}

	/**
	 * Makes the client speak a further part of the protocol. Returns the same extension for the same `make`.
	 * @internal
	 */
	extend<Extension extends ClientExtension>(make: MakeExtension<Extension>): Extension {
		const known = this.#extensions.get(make);
		if (known) return known as Extension;
		const link = this.#connection;
		const extension = make({ link, settings: this.#settings, updates: this.#updates, answers: this.#answers });
		this.#extensions.set(make, extension);
		for (const [kind, decode] of extension.decoders ?? []) this.#extras.set(kind, decode);
		if (link.open) this.#updates.run(() => extension.opened?.());
		return extension;
	}

	/** Changes options; what is not named stays. A refused client asks again, a new `url` replaces the connection. */
	configure(options: ClientOptions): void {
		const { url } = this.#settings;
		applyOptions(this.#settings, options);
		const { state } = this.status;
		const moved = url !== this.#settings.url && state !== 'idle' && state !== 'closed';
		if (moved || state === 'refused') this.reconnect();
	}

	/** Opens a new connection at once, whatever there was before. */
	reconnect(): void {
		this.#updates.run(() => this.#connection.reconnect());
	}

	/** Ends the connection: calls reject with `CLOSED`, streams keep their values. `reconnect` opens it again. */
	close(): void {
		this.#updates.run(() => this.#connection.close());
	}

	/** Who waits for the answer to a call. */
	#take(id: number): Answer | undefined {
		const answer = this.#calls.take(id) ?? this.#answers.get(id);
		this.#answers.delete(id);
		return answer;
	}

	#fail({ id, error }: Failure): void {
		const call = this.#take(id);
		if (call) call.reject(error);
		else this.#streams.receiveError(id, error);
	}

	#receive(message: DownMessage | Extra): void {
		switch (message.kind) {
			case 'result':
				return this.#take(message.id)?.resolve(message.value);
			case 'error':
				return this.#fail(message);
			case 'snapshot':
			case 'resumed':
				return this.#streams.receiveState(message);
			case 'reset':
				return this.#streams.receiveReset(message);
			case 'event':
				return this.#streams.receiveEvent(message);
			case 'heartbeat':
				return this.#streams.receiveHeads(message);
			case 'extra':
				return message.take();
			case 'pong':
			case 'welcome':
			case 'goodbye':
				return;
		}
	}
}

/** A client of its own, beside the page's: for another server, for Node, or for tests. */
export function createClient(options: ClientOptions = {}): Client {
	return new Client(options);
}
