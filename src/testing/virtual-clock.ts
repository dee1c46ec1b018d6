// A clock whose time moves only when a test moves it. Between two callbacks every promise that can settle has settled,
// as in the event loop of a runtime, so the same calls lead to the same order of everything.

import type { Clock, Timer } from '../base/clock.ts';
import { TimerQueue, type QueuedTimer } from './timer-queue.ts';

export interface VirtualClockOptions {
	/** `wallTime()` at the start, in milliseconds since the Unix epoch. @default 2030-01-01 */
	wallTime?: number;
	/** Runs deferred callbacks without waiting for `advance`. @default they wait for `advance`, `run` or `settle` */
	defer?: Clock['defer'];
}

const DEFAULT_WALL_TIME = Date.UTC(2030, 0, 1);

export class VirtualClock implements Clock {
	/** Runs before every callback, with whatever promises are settled by then: where tests disturb. */
	beforeEach: (() => void) | null = null;
	readonly #timers = new TimerQueue();
	readonly #wallOrigin: number;
	readonly #defer: Clock['defer'] | null;
	#deferred: (() => void)[] = [];
	#nowMs = 0;

	constructor(options: VirtualClockOptions = {}) {
		this.#wallOrigin = options.wallTime ?? DEFAULT_WALL_TIME;
		this.#defer = options.defer ?? null;
	}

	now(): number {
		return this.#nowMs;
	}

	wallTime(): number {
		return this.#wallOrigin + this.#nowMs;
	}

	setTimer(run: () => void, delayMs: number): Timer {
		return this.#timers.add(this.#nowMs + Math.max(0, delayMs), run);
	}

	clearTimer(timer: Timer): void {
		if (timer !== undefined && timer !== null) this.#timers.cancel(timer as QueuedTimer);
	}

	defer(run: () => void): void {
		if (this.#defer === null) this.#deferred.push(run);
		else this.#defer(run);
	}

	/** Timers and deferred callbacks that have not run. */
	get pending(): number {
		return this.#timers.size + this.#deferred.length;
	}

	/** When the next timer is due, on the scale of `now`; null where none waits. */
	get nextDueMs(): number | null {
		return this.#timers.dueMs;
	}

	/** Moves time on by `ms`, and runs everything that is due on the way. */
	advance(ms: number): Promise<void> {
		const untilMs = this.#nowMs + ms;
		return this.#drive(() => {
			if (this.#runNext(untilMs)) return true;
			this.#nowMs = untilMs;
			return false;
		});
	}

	/** Moves time to the next timer and runs it, together with what is deferred. Returns false where nothing waits. */
	async runNext(): Promise<boolean> {
		const ran = this.#runNext(Infinity);
		await this.settle();
		return ran;
	}

	/** Runs what needs no time: settled promises and deferred callbacks. */
	settle(): Promise<void> {
		return this.#drive(() => this.#deferred.length > 0 && this.#runNext(this.#nowMs));
	}

	/** Runs one callback that is due until then. */
	#runNext(untilMs: number): boolean {
		const deferred = this.#deferred.shift();
		if (deferred) {
			this.beforeEach?.();
			deferred();
			return true;
		}
		const { dueMs } = this.#timers;
		if (dueMs === null || dueMs > untilMs) return false;
		this.#nowMs = Math.max(this.#nowMs, dueMs);
		this.beforeEach?.();
		this.#timers.take()?.();
		return true;
	}

	/** Repeats `step` until it returns false; before the first and after each one, promises settle. */
	#drive(step: () => boolean): Promise<void> {
		return new Promise((resolve, reject) => {
			const turn = (): void => {
				try {
					if (step()) afterMicrotasks(turn);
					else resolve();
				} catch (error) {
					reject(error);
				}
			};
			afterMicrotasks(turn);
		});
	}
}

/**
 * Runs when the microtask queue is empty. A tick that is asked for inside a microtask comes after all microtasks, also
 * those that they add: one pass of the event loop would say the same and cost twenty times as much.
 */
function afterMicrotasks(run: () => void): void {
	queueMicrotask(() => process.nextTick(run));
}
