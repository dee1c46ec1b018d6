// Keeps a link to Redis open, and says when it is lost and back. Invariant: a command is sent at most once, and whoever
// asked is answered within the time allowed: with the answer, or with UNAVAILABLE that says whether the command may have
// been carried out.

import { backoffMs } from '../../base/backoff.ts';
import type { Clock, Timer } from '../../base/clock.ts';
import { LiveError } from '../../base/errors.ts';
import type { BackplaneStatus } from '../../server/backplane.ts';
import type { Link, OpenLink } from './link.ts';
import { PING_EVERY_MS, RECONNECT } from './options.ts';
import type { Script } from './script.ts';
import { reasonOf } from './wire.ts';

export interface ConnectionParts {
	readonly open: OpenLink;
	/** Loaded over every new link: one that is sent in full only when it is missed could be overtaken by a later call. */
	readonly scripts: readonly Script[];
	readonly clock: Clock;
	readonly random: () => number;
	readonly timeoutMs: number;
	readonly onMessage: (channel: string, text: string) => void;
	onStatus(status: BackplaneStatus): void;
	/** What has to be heard again over a new link. */
	readonly channels: () => string[];
}

/** What a script is given. */
export interface ScriptCall {
	readonly keys: readonly string[];
	readonly args: readonly string[];
}

interface Waiting {
	readonly resolve: (value: unknown) => void;
	readonly reject: (error: LiveError) => void;
}

export class Connection {
	readonly #parts: ConnectionParts;
	/** Whoever waits for an answer over this link. */
	readonly #asked = new Set<Waiting>();
	/** Whoever waits for a link. */
	#gate = Promise.withResolvers<Link>();
	#link: Link | null = null;
	#reason = 'it is not connected';
	#attempts = 0;
	#timer: Timer | null = null;
	#state: 'new' | 'running' | 'stopped' = 'new';

	constructor(parts: ConnectionParts) {
		this.#parts = parts;
	}

	get link(): Link | null {
		return this.#link;
	}

	/** @throws {LiveError} UNAVAILABLE where Redis cannot be reached: at the start that is more likely a mistake than an outage */
	async start(): Promise<void> {
		this.#state = 'running';
		try {
			await this.#connect();
		} catch (error) {
			this.stop();
			throw this.#unavailable(reasonOf(error));
		}
	}

	stop(): void {
		this.#state = 'stopped';
		this.#reason = 'it was stopped';
		if (this.#timer !== null) this.#parts.clock.clearTimer(this.#timer);
		const link = this.#link;
		this.#drop();
		link?.close();
	}

	/**
	 * Sends a command where `key` is, waiting for a link where there is none.
	 * @throws {LiveError} UNAVAILABLE
	 */
	send(command: readonly string[], key: string): Promise<unknown> {
		return this.#timed((link) => link.send(command, key));
	}

	/**
	 * Runs a script; its first key says where. Sends it in full where the server has forgotten it.
	 * @param call a function where it depends on the link, which may be another one when it is sent
	 */
	run(script: Script, call: ScriptCall | ((link: Link) => ScriptCall)): Promise<unknown> {
		return this.#timed(async (link) => {
			const { keys, args } = typeof call === 'function' ? call(link) : call;
			const rest = [String(keys.length), ...keys, ...args];
			const key = keys[0] ?? '';
			const { source, sha } = script;
			try {
				if (sha !== null) return await link.send(['EVALSHA', sha, ...rest], key);
			} catch (error) {
				if (!reasonOf(error).startsWith('NOSCRIPT')) throw error;
			}
			return link.send(['EVAL', source, ...rest], key);
		});
	}

	/** Resolves when a channel is heard, from now on or since a new link hears all of `channels`. */
	async listen(channel: string): Promise<void> {
		await this.#timed((link) => link.subscribe([channel]));
	}

	#timed(ask: (link: Link) => Promise<unknown>): Promise<unknown> {
		const { promise, resolve, reject } = Promise.withResolvers<unknown>();
		const { clock, timeoutMs } = this.#parts;
		let state: 'waiting' | 'sent' | 'settled' = 'waiting';
		const settle = (): void => {
			state = 'settled';
			this.#asked.delete(waiting);
			clock.clearTimer(timer);
		};
		const waiting: Waiting = {
			resolve: (value) => (settle(), resolve(value)),
			reject: (error) => (settle(), reject(error))
		};
		const timer = clock.setTimer(() => {
			const isSent = state === 'sent';
			waiting.reject(this.#unavailable(isSent ? this.#unanswered : this.#reason));
			if (isSent) this.#lost(this.#unanswered);
		}, timeoutMs);
		const send = (link: Link): void => {
			if (state !== 'waiting') return; // too late: it was refused
			state = 'sent';
			this.#asked.add(waiting);
			ask(link).then(waiting.resolve, (error: unknown) => this.#failed(link, waiting, reasonOf(error)));
		};
		if (this.#link) send(this.#link);
		else this.#gate.promise.then(send, (error: unknown) => waiting.reject(error as LiveError));
		return promise;
	}

	get #unanswered(): string {
		return `it did not answer within ${this.#parts.timeoutMs} ms; it may still do what it was asked`;
	}

	/** Redis begins its refusals with a word in capitals; everything else is the library's, about the connection. */
	#failed(link: Link, waiting: Waiting, reason: string): void {
		const [code] = /^[A-Z]{3,}(?= )/.exec(reason) ?? [];
		const doubt = code === undefined ? '; it may have done what it was asked' : '';
		waiting.reject(this.#unavailable(reason + doubt));
		if (link === this.#link && code !== undefined && WRONG_SERVER.has(code)) this.#lost(reason);
	}

	#unavailable(reason: string): LiveError {
		return new LiveError('UNAVAILABLE', `Redis is unavailable: ${reason}`);
	}

	async #connect(): Promise<void> {
		const { open, scripts, channels, onMessage } = this.#parts;
		let isLost: string | null = null;
		const opening = open({
			onMessage,
			onLost: (reason) => {
				isLost ??= reason;
				if (link !== null && link === this.#link) this.#lost(reason);
			}
		});
		let link: Link | null = null;
		link = await this.#within(opening);
		try {
			const opened = link;
			await this.#inTime(Promise.all(scripts.map(({ source }) => opened.load(source))));
			await this.#subscribeAll(link, channels);
			if (isLost !== null) throw new Error(isLost);
			if (this.#state === 'stopped') throw new Error('it was stopped');
		} catch (error) {
			link.close();
			throw error;
		}
		this.#linked(link);
	}

	/** What is subscribed meanwhile waits for this link, so it may be on the list twice, never missing. */
	async #subscribeAll(link: Link, channels: () => string[]): Promise<void> {
		const all = channels();
		for (let index = 0; index < all.length; index += 1_000) {
			await this.#inTime(link.subscribe(all.slice(index, index + 1_000)));
		}
	}

	/** A link that opens too late is closed. */
	async #within(opening: Promise<Link>): Promise<Link> {
		try {
			return await this.#inTime(opening);
		} catch (error) {
			opening.then(
				(link) => link.close(),
				() => {}
			);
			throw error;
		}
	}

	#inTime<Value>(promise: Promise<Value>): Promise<Value> {
		const { clock, timeoutMs } = this.#parts;
		const late = Promise.withResolvers<Value>();
		const timer = clock.setTimer(() => late.reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
		return Promise.race([promise, late.promise]).finally(() => clock.clearTimer(timer));
	}

	#linked(link: Link): void {
		const isBack = this.#attempts > 0;
		this.#link = link;
		this.#attempts = 0;
		this.#gate.resolve(link);
		this.#pingLater();
		if (isBack) this.#parts.onStatus({ available: true, reason: null });
	}

	/** Half-open connections never end by themselves. */
	#pingLater(): void {
		this.#timer = this.#parts.clock.setTimer(() => {
			const link = this.#link;
			if (link === null) return;
			this.#inTime(link.ping()).then(
				() => this.#link === link && this.#pingLater(),
				(error: unknown) => this.#link === link && this.#lost(reasonOf(error))
			);
		}, PING_EVERY_MS);
	}

	#lost(reason: string): void {
		const link = this.#link;
		if (link === null) return;
		this.#reason = reason;
		this.#drop();
		link.close();
		this.#parts.onStatus({ available: false, reason });
		this.#connectLater();
	}

	/** Lets go of the link, and of everybody who waits for an answer over it. */
	#drop(): void {
		if (this.#timer !== null) this.#parts.clock.clearTimer(this.#timer);
		this.#link = null;
		const asked = [...this.#asked];
		for (const { reject } of asked)
			reject(this.#unavailable(`${this.#reason}; it may have done what it was asked`));
		if (this.#state === 'stopped') {
			this.#gate.promise.catch(() => {});
			this.#gate.reject(this.#unavailable(this.#reason));
		} else {
			this.#gate = Promise.withResolvers();
		}
	}

	#connectLater(): void {
		const delayMs = backoffMs(this.#attempts++, this.#parts.random(), RECONNECT);
		this.#timer = this.#parts.clock.setTimer(() => {
			this.#connect().catch((error: unknown) => {
				if (this.#state === 'stopped') return;
				this.#reason = reasonOf(error);
				this.#connectLater();
			});
		}, delayMs);
	}
}

/** Refusals of a server that is not, or not yet, the one to ask. */
const WRONG_SERVER: ReadonlySet<string> = new Set(['READONLY', 'LOADING', 'MASTERDOWN', 'CLUSTERDOWN', 'UNBLOCKED']);
