// Asks the server and hears it over one connection. Invariants: nothing is handed to the client library while there is no
// connection, where it would wait and be sent later to a server that may be another one; and whoever asked is answered
// within the time allowed.

import { Buffer } from 'node:buffer';
import { backoffMs } from '../../base/backoff.ts';
import type { Timer } from '../../base/clock.ts';
import { LiveError } from '../../base/errors.ts';
import { randomName } from '../../base/random.ts';
import type { BackplaneStatus } from '../../server/backplane.ts';
import type { Client, NatsHeaders, NatsMessage, NatsSubscription } from './client.ts';
import { PING_EVERY_MS, RECONNECT, type NatsSettings } from './options.ts';
import { reasonOf, unavailable } from './unavailable.ts';

interface Waiting {
	readonly subject: string;
	readonly until: number;
	readonly resolve: (message: NatsMessage) => void;
	readonly reject: (error: LiveError) => void;
}

export interface RequestOptions {
	headers?: NatsHeaders;
	/** On the clock of this process. @default as long as anything may take */
	until?: number;
}

export interface LinkEvents {
	/** Made sure of before anything else is asked, again whenever the connection is back. */
	prepare(): Promise<void>;
	onStatus(status: BackplaneStatus): void;
}

/** How often it is looked for requests whose time is over. */
const LOOK_EVERY_MS = 100;
/** More than our headers have. */
const HEADER_BYTES = 512;
const NO_RESPONDERS = 503;

export class Link {
	readonly #client: Client;
	readonly #settings: NatsSettings;
	readonly #events: LinkEvents;
	readonly #inbox: string;
	readonly #waiting = new Map<string, Waiting>();
	#asked = 0;
	#state: 'starting' | 'up' | 'down' | 'closed' = 'starting';
	#reason = 'it is not connected';
	/** Whoever waits for the connection. */
	#gate = Promise.withResolvers<void>();
	#looking: Timer | null = null;
	#pinging: Timer | null = null;
	#isRecovering = false;
	/** By what the client says; it knows its last server until it begins to look for another one. */
	#isConnected = true;
	/** Ends the pause between two attempts. */
	#wake = (): void => {};
	#answers: NatsSubscription | null = null;

	/** @param inbox where answers to this process come; nobody else's */
	constructor(
		client: Client,
		{ settings, events, inbox }: { settings: NatsSettings; events: LinkEvents; inbox: string }
	) {
		this.#client = client;
		this.#settings = settings;
		this.#events = events;
		this.#inbox = `${inbox}.${randomName()}`;
	}

	/** Rejects where the server has not what we need. */
	async start(): Promise<void> {
		this.#answers = this.subscribe(`${this.#inbox}.*`, (message) => this.#answer(message));
		void this.#watch();
		await this.#events.prepare();
		if (this.#state !== 'starting') return;
		this.#state = 'up';
		this.#gate.resolve();
		this.#pingLater();
	}

	/** Says something to ourselves by way of the server. Where it does not come back, the connection is taken for lost. */
	#pingLater(): void {
		this.#pinging = this.#settings.clock.setTimer(() => {
			if (this.#state === 'up') this.#askOurselves();
			if (this.#state !== 'closed') this.#pingLater();
		}, PING_EVERY_MS);
	}

	#askOurselves(): void {
		const token = this.#newToken();
		try {
			this.#send(`${this.#inbox}.${token}`, '');
		} catch (error) {
			return this.#lost(reasonOf(error)); // for good, where the application has closed it
		}
		this.#expect('ping', token, this.deadline()).catch(() => {}); // whoever notes that it is late has said so
	}

	/** Of the server that we talk to now; another one after each of its starts. Null while there is no connection. */
	get serverId(): string | null {
		return this.#client.connection.info?.server_id ?? null;
	}

	get #canSend(): boolean {
		return this.#isConnected && this.serverId !== null;
	}

	/** Whether it is one of a cluster. */
	get isClustered(): boolean {
		return this.#client.connection.info?.cluster !== undefined;
	}

	/** The most bytes of a message. */
	get maxPayload(): number {
		return this.#client.connection.info?.max_payload ?? 1024 * 1024;
	}

	newHeaders(): NatsHeaders {
		return this.#client.headers();
	}

	/** Names a subject that nobody else listens to, for messages that answer no single request. */
	newInbox(): string {
		return `${this.#inbox}.list.${this.#newToken()}`;
	}

	#newToken(): string {
		return (this.#asked++).toString(36);
	}

	/**
	 * What the listener throws is reported: in the client library it would end the connection.
	 * @throws {LiveError} UNAVAILABLE where the application has closed the connection
	 */
	subscribe(subject: string, listener: (message: NatsMessage) => void): NatsSubscription {
		const callback = (error: Error | null, message: NatsMessage): void => {
			try {
				if (error) throw error;
				listener(message);
			} catch (caught) {
				this.#settings.onError(caught);
			}
		};
		try {
			return this.#client.connection.subscribe(subject, { callback });
		} catch (error) {
			throw unavailable(reasonOf(error));
		}
	}

	/** @throws {LiveError} UNAVAILABLE where there is no connection; then nothing was sent */
	publish(subject: string, payload: string | Uint8Array): void {
		if (this.#state !== 'up') throw unavailable(this.#reason);
		this.#send(subject, payload);
	}

	/** @throws {LiveError} UNAVAILABLE, TOO_LARGE; then nothing was sent */
	#send(subject: string, payload: string | Uint8Array, options?: { reply: string; headers?: NatsHeaders }): void {
		if (!this.#canSend) throw unavailable(this.#reason);
		try {
			this.#client.connection.publish(subject, payload, options);
		} catch (error) {
			const bytes = Buffer.byteLength(payload);
			throw bytes + HEADER_BYTES > this.maxPayload ? this.tooLarge(bytes) : unavailable(reasonOf(error));
		}
	}

	/**
	 * Asks, waiting for the connection where there is none.
	 * @throws {LiveError} UNAVAILABLE where no answer came in time; what was asked may have been done then
	 */
	async request(subject: string, payload: string, options: RequestOptions = {}): Promise<NatsMessage> {
		const until = options.until ?? this.deadline();
		await this.ready(until);
		return this.ask(subject, payload, { ...options, until });
	}

	/** Asks at once, also while everybody else waits. */
	async ask(subject: string, payload: string, options: RequestOptions = {}): Promise<NatsMessage> {
		const { headers, until = this.deadline() } = options;
		const token = this.#newToken();
		this.#send(subject, payload, { reply: `${this.#inbox}.${token}`, ...(headers && { headers }) });
		return this.#expect(subject, token, until);
	}

	#expect(subject: string, token: string, until: number): Promise<NatsMessage> {
		const { promise, resolve, reject } = Promise.withResolvers<NatsMessage>();
		this.#waiting.set(token, { subject, until, resolve, reject });
		this.#looking ??= this.#look();
		return promise;
	}

	/** When something that begins now has to be done. */
	deadline(): number {
		return this.#settings.clock.now() + this.#settings.timeoutMs;
	}

	/** Resolves when there is a connection. @throws {LiveError} UNAVAILABLE where there is none before `until` */
	async ready(until: number): Promise<void> {
		if (this.#state === 'up' && this.#canSend) return;
		if (this.#state === 'closed') throw unavailable(this.#reason);
		const late = Promise.withResolvers<void>();
		const { clock } = this.#settings;
		const timer = clock.setTimer(() => late.reject(unavailable(this.#reason)), Math.max(0, until - clock.now()));
		if (this.#state === 'up') this.#lost('the connection was lost');
		try {
			await Promise.race([this.#gate.promise, late.promise]);
		} finally {
			clock.clearTimer(timer);
		}
	}

	tooLarge(bytes: number): LiveError {
		return new LiveError('TOO_LARGE', `a message of ${bytes} bytes is larger than NATS takes (${this.maxPayload})`);
	}

	async close(): Promise<void> {
		this.#state = 'closed';
		this.#reason = 'it was stopped';
		this.#failAll('it was stopped');
		this.#gate.promise.catch(() => {});
		this.#gate.reject(unavailable(this.#reason));
		this.#wake();
		for (const timer of [this.#looking, this.#pinging]) if (timer !== null) this.#settings.clock.clearTimer(timer);
		this.#answers?.unsubscribe();
		if (this.#client.isOurs) await this.#client.connection.close();
	}

	#answer(message: NatsMessage): void {
		const token = message.subject.slice(this.#inbox.length + 1);
		const waiting = this.#waiting.get(token);
		if (waiting === undefined) return; // too late
		this.#waiting.delete(token);
		if (message.headers?.code !== NO_RESPONDERS) return waiting.resolve(message);
		waiting.reject(unavailable(`nobody answers to "${waiting.subject}"; is JetStream switched on?`));
	}

	#look(): Timer {
		return this.#settings.clock.setTimer(() => {
			const now = this.#settings.clock.now();
			let isLate = false;
			for (const [token, { until, reject }] of this.#waiting) {
				if (until > now) continue;
				this.#waiting.delete(token);
				reject(unavailable(this.#unanswered));
				isLate = true;
			}
			this.#looking = this.#waiting.size > 0 ? this.#look() : null;
			if (isLate) this.#lost(this.#unanswered);
		}, LOOK_EVERY_MS);
	}

	get #unanswered(): string {
		return `it did not answer within ${this.#settings.timeoutMs} ms`;
	}

	#failAll(reason: string): void {
		const all = [...this.#waiting.values()];
		this.#waiting.clear();
		for (const { reject } of all) reject(unavailable(reason));
	}

	async #watch(): Promise<void> {
		for await (const { type } of this.#client.connection.status()) {
			if (type === 'disconnect') {
				this.#isConnected = false;
				this.#lost('the connection was lost');
				this.#failAll('the connection was lost');
			}
			if (type === 'reconnect') {
				this.#isConnected = true;
				this.#recover();
			}
			if (type === 'close') this.#lost('the connection was closed');
		}
	}

	#lost(reason: string): void {
		if (this.#state !== 'up') return;
		this.#state = 'down';
		this.#reason = reason;
		this.#gate = Promise.withResolvers();
		this.#tell({ available: false, reason });
		this.#recover();
	}

	/** Asks until the server answers. Subscriptions are made anew by the client before it says that it is connected. */
	#recover(): void {
		this.#wake();
		if (this.#state === 'down' && !this.#isRecovering) void this.#tryAll();
	}

	async #tryAll(): Promise<void> {
		this.#isRecovering = true;
		for (let attempt = 0; this.#state === 'down'; attempt++) {
			if (await this.#isBack()) break;
			if (this.#state === 'down') await this.#pause(backoffMs(attempt, this.#settings.random(), RECONNECT));
		}
		this.#isRecovering = false;
	}

	async #isBack(): Promise<boolean> {
		const server = this.serverId;
		if (!this.#canSend) return false;
		try {
			await this.#events.prepare();
		} catch (error) {
			this.#reason = reasonOf(error);
			return false;
		}
		if (this.#state !== 'down' || this.serverId !== server) return false;
		this.#client.connected();
		this.#state = 'up';
		this.#gate.resolve();
		this.#tell({ available: true, reason: null });
		return true;
	}

	/** What a listener throws must not keep the connection from coming back. */
	#tell(status: BackplaneStatus): void {
		try {
			this.#events.onStatus(status);
		} catch (error) {
			this.#settings.onError(error);
		}
	}

	async #pause(ms: number): Promise<void> {
		const { clock } = this.#settings;
		const { promise, resolve } = Promise.withResolvers<void>();
		const timer = clock.setTimer(resolve, ms);
		this.#wake = resolve;
		await promise;
		clock.clearTimer(timer);
	}
}
