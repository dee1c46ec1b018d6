// One timer for all connections: each tick serves one slot of a wheel, so that heartbeats are spread over the interval
// and an idle connection costs no timer of its own.

import type { Clock, Timer } from '../base/clock.ts';
import { LiveError } from '../base/errors.ts';
import type { Limits } from '../protocol/limits.ts';
import type { LiveConnection } from './live-connection.ts';

const SLOTS = 16;

/** How late an expired session may be noticed, however slow the heartbeat is. */
const MAX_TICK_MS = 500;

export class Heartbeats {
	readonly #clock: Clock;
	readonly #limits: Limits;
	readonly #slots: readonly Set<LiveConnection>[];
	/** Connections that have not said hello, and when they came. */
	readonly #greeting = new Map<LiveConnection, number>();
	readonly #expiring = new Set<LiveConnection>();
	readonly #onRound: () => void;
	#next = 0;
	#timer: Timer | null = null;

	/** @param onRound runs once in every heartbeat interval */
	constructor(clock: Clock, limits: Limits, onRound: () => void) {
		this.#clock = clock;
		this.#limits = limits;
		this.#onRound = onRound;
		const slots = Math.max(SLOTS, Math.ceil(limits.heartbeatMs / MAX_TICK_MS));
		this.#slots = Array.from({ length: slots }, () => new Set<LiveConnection>());
	}

	start(): void {
		this.#timer = this.#clock.setTimer(() => this.#tick(), this.#limits.heartbeatMs / this.#slots.length);
	}

	stop(): void {
		if (this.#timer !== null) this.#clock.clearTimer(this.#timer);
		this.#timer = null;
	}

	add(connection: LiveConnection): void {
		this.#slots[this.#next]?.add(connection);
		this.#greeting.set(connection, this.#clock.now());
		if (connection.session.expiresAt !== undefined) this.#expiring.add(connection);
	}

	remove(connection: LiveConnection): void {
		for (const slot of this.#slots) slot.delete(connection);
		this.#greeting.delete(connection);
		this.#expiring.delete(connection);
	}

	#tick(): void {
		this.start();
		this.#next = (this.#next + 1) % this.#slots.length;
		this.#endSilentStarters();
		this.#endExpired();
		if (this.#next === 0) this.#onRound();
		for (const connection of this.#slots[this.#next] ?? []) connection.beat();
	}

	#endSilentStarters(): void {
		const { helloTimeoutMs } = this.#limits;
		const latest = this.#clock.now() - helloTimeoutMs;
		for (const [connection, since] of this.#greeting) {
			if (connection.state !== 'greeting') this.#greeting.delete(connection);
			else if (since <= latest) {
				connection.goodbye(new LiveError('HELLO_TIMEOUT', `no hello came within ${helloTimeoutMs} ms`));
			} else return; // later ones came later
		}
	}

	#endExpired(): void {
		const now = this.#clock.wallTime();
		for (const connection of this.#expiring) {
			if ((connection.session.expiresAt ?? Infinity) > now) continue;
			this.#expiring.delete(connection);
			connection.goodbye(new LiveError('SESSION_EXPIRED', 'the session has expired'));
		}
	}
}
