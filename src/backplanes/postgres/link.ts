// Whether the server can be reached: one connection listens, and from time to time it has to hear what this process
// notifies. Invariant: `opened` has run to its end before anybody is told that the server is there.

import { backoffMs } from '../../base/backoff.ts';
import type { Timer } from '../../base/clock.ts';
import type { BackplaneStatus } from '../../server/backplane.ts';
import { messageOf, QueryError, type Listening, type PostgresClient } from './client.ts';
import { within, type TimeClock } from './within.ts';

const BACKOFF = { firstMs: 200, capMs: 5_000 };
const CHECK_EVERY_MS = 2_000;

export interface LinkParts {
	client: PostgresClient;
	channel: string;
	clock: TimeClock;
	timeoutMs: number;
	notified(payload: string): void;
	/** Listening began: what was missed before is looked for. */
	opened(): Promise<void>;
	/** Resolves when something that was notified has come back. */
	echo(): Promise<void>;
	status(status: BackplaneStatus): void;
}

export class Link {
	readonly #parts: LinkParts;
	#listening: Listening | null = null;
	/** Why the server cannot be used; null where it can. */
	#reason: string | null = 'it was not started';
	#timer: Timer;
	#attempts = 0;
	#isChecking = false;
	#stopped = false;

	constructor(parts: LinkParts) {
		this.#parts = parts;
	}

	get reason(): string | null {
		return this.#reason;
	}

	/** @throws {QueryError} where the server cannot be reached */
	async start(): Promise<void> {
		await this.#open();
	}

	async stop(): Promise<void> {
		this.#stopped = true;
		this.#reason = 'it was stopped';
		this.#parts.clock.clearTimer(this.#timer);
		await this.#listening?.close();
	}

	async #open(): Promise<void> {
		const { client, channel } = this.#parts;
		let listening: Listening | null = null;
		let isLost = false;
		const lost = (reason: string): void => {
			isLost = true;
			if (listening !== null && listening === this.#listening) this.lose(reason);
		};
		const notified = (payload: string): void => this.#parts.notified(payload);
		listening = await client.listen(channel, { notified, lost });
		this.#listening = listening;
		try {
			await this.#parts.opened();
			if (isLost) throw new QueryError(new Error('the connection was closed'), 'none');
		} catch (error) {
			this.#close();
			throw error;
		}
		if (this.#stopped) return this.#close();
		this.#reason = null;
		this.#attempts = 0;
		this.#checkLater();
	}

	#close(): void {
		void this.#listening?.close();
		this.#listening = null;
	}

	/** Gives up the connection that listens and begins anew. */
	lose(reason: string): void {
		if (this.#reason !== null) return;
		this.#reason = reason;
		this.#close();
		this.#parts.status({ available: false, reason });
		this.#reopenLater();
	}

	#reopenLater(): void {
		if (this.#stopped) return;
		const { clock } = this.#parts;
		clock.clearTimer(this.#timer);
		const delayMs = backoffMs(this.#attempts++, Math.random(), BACKOFF);
		this.#timer = clock.setTimer(() => void this.#reopen(), delayMs);
	}

	async #reopen(): Promise<void> {
		try {
			await this.#open();
			if (!this.#stopped) this.#parts.status({ available: true, reason: null });
		} catch (error) {
			if (!this.#stopped) this.#reason = messageOf(error);
			this.#reopenLater();
		}
	}

	#checkLater(): void {
		this.#parts.clock.clearTimer(this.#timer);
		this.#timer = this.#parts.clock.setTimer(() => void this.check(), CHECK_EVERY_MS);
	}

	/** Asks the server whether it is there; also called where a statement failed. */
	async check(): Promise<void> {
		if (this.#isChecking || this.#reason !== null) return;
		this.#isChecking = true;
		try {
			await within({ clock: this.#parts.clock, ms: this.#parts.timeoutMs }, 'none', this.#parts.echo());
		} catch (error) {
			this.lose(messageOf(error));
		} finally {
			this.#isChecking = false;
		}
		if (this.#reason === null) this.#checkLater();
	}
}
