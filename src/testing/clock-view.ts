// One participant's view of a shared clock: with a skew of its own, and with timers that can be ended together, as the
// end of a process ends them. Invariant: after `stop` nothing of this participant runs.

import type { Clock, Timer } from '../base/clock.ts';

export interface ClockSkew {
	/** How far the participant's calendar is ahead, in milliseconds. @default 0 */
	wallMs?: number;
	/** Where its monotonic scale begins, in milliseconds. @default 0 */
	originMs?: number;
}

interface ViewTimer {
	inner: Timer;
}

export class ClockView implements Clock {
	readonly #clock: Clock;
	readonly #wallMs: number;
	readonly #originMs: number;
	readonly #timers = new Set<ViewTimer>();
	#stopped = false;

	constructor(clock: Clock, { wallMs = 0, originMs = 0 }: ClockSkew = {}) {
		this.#clock = clock;
		this.#wallMs = wallMs;
		this.#originMs = originMs;
	}

	/** Timers that this participant waits for. */
	get pending(): number {
		return this.#timers.size;
	}

	now(): number {
		return this.#clock.now() + this.#originMs;
	}

	wallTime(): number {
		return this.#clock.wallTime() + this.#wallMs;
	}

	setTimer(run: () => void, delayMs: number): Timer {
		const timer: ViewTimer = { inner: undefined };
		if (this.#stopped) return timer;
		this.#timers.add(timer);
		const expire = (): void => {
			if (this.#timers.delete(timer)) run();
		};
		timer.inner = this.#clock.setTimer(expire, delayMs);
		return timer;
	}

	clearTimer(timer: Timer): void {
		const known = timer as ViewTimer | undefined;
		if (known && this.#timers.delete(known)) this.#clock.clearTimer(known.inner);
	}

	defer(run: () => void): void {
		this.#clock.defer(() => {
			if (!this.#stopped) run();
		});
	}

	/** Ends every timer, for good. */
	stop(): void {
		this.#stopped = true;
		for (const { inner } of this.#timers) this.#clock.clearTimer(inner);
		this.#timers.clear();
	}
}
