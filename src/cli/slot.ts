// The place of one worker: when the worker ends without being told to, the next one takes its place, later each time that
// it ends soon after its start.

import { backoffMs } from '../base/backoff.ts';
import type { Clock, Timer } from '../base/clock.ts';

/** How a worker ended: one of the two is set. */
export interface Ending {
	code: number | null;
	signal: string | null;
}

/** A worker's process. */
export interface Running {
	readonly pid: number | undefined;
	/** Whether it came to listen; false when it ended before. */
	readonly ready: Promise<boolean>;
	readonly ended: Promise<Ending>;
	signal(name: 'SIGTERM' | 'SIGKILL'): void;
}

export interface SlotParts {
	fork: () => Running;
	clock: Clock;
	/** Numbers in [0, 1). */
	random: () => number;
	/** Told what the operator should know. */
	report: (message: string) => void;
}

/** Before a worker that ended is started again. */
const RESTART = { firstMs: 500, capMs: 30_000 };
/** A worker that ran this long did not end because of its start. */
const STABLE_MS = 30_000;

export class Slot {
	readonly #parts: SlotParts;
	readonly #running = new Set<Running>();
	/** How many workers did not end in order. */
	#failures = 0;
	#current: Running | null = null;
	#startedAt = 0;
	#attempts = 0;
	#timer: Timer = null;
	#stopped = false;

	constructor(parts: SlotParts) {
		this.#parts = parts;
	}

	/** Starts a worker, and another one whenever it ends. Returns whether the first one came to listen. */
	start(): Promise<boolean> {
		const worker = this.#fork();
		this.#adopt(worker);
		return worker.ready;
	}

	/**
	 * Starts a worker in the place of the one that is there, without a moment between them. One that does not come to
	 * listen is not started again, and changes nothing.
	 */
	async replace(): Promise<boolean> {
		const worker = this.#fork();
		if (!(await worker.ready)) return false;
		const old = this.#current;
		this.#adopt(worker);
		old?.signal('SIGTERM');
		await old?.ended;
		return true;
	}

	/** Lets the workers end in order. Returns whether they did. */
	async stop(): Promise<boolean> {
		this.#stopped = true;
		this.#parts.clock.clearTimer(this.#timer);
		for (const worker of this.#running) worker.signal('SIGTERM');
		await Promise.all([...this.#running].map(({ ended }) => ended));
		return this.#failures === 0;
	}

	kill(): void {
		for (const worker of this.#running) worker.signal('SIGKILL');
	}

	#fork(): Running {
		const worker = this.#parts.fork();
		this.#running.add(worker);
		void worker.ended.then((ending) => this.#ended(worker, ending));
		// The command to stop came while it was being made.
		if (this.#stopped) worker.signal('SIGTERM');
		return worker;
	}

	#adopt(worker: Running): void {
		this.#parts.clock.clearTimer(this.#timer);
		this.#startedAt = this.#parts.clock.now();
		this.#current = worker;
	}

	#ended(worker: Running, ending: Ending): void {
		this.#running.delete(worker);
		if (this.#stopped) return this.#endedAtStop(worker, ending);
		if (worker !== this.#current) return;
		this.#current = null;
		this.#startAgain(worker, ending);
	}

	#endedAtStop(worker: Running, ending: Ending): void {
		if (ending.code === 0 || ending.signal === 'SIGTERM') return; // the signal ends one that has only just begun
		this.#failures++;
		this.#parts.report(`worker ${worker.pid} ${howItEnded(ending)}`);
	}

	#startAgain(worker: Running, ending: Ending): void {
		const { clock, random, report } = this.#parts;
		if (clock.now() - this.#startedAt >= STABLE_MS) this.#attempts = 0;
		const delayMs = backoffMs(this.#attempts++, random(), RESTART);
		report(`worker ${worker.pid} ${howItEnded(ending)}; it is started again in ${delayMs} ms`);
		this.#timer = clock.setTimer(() => void this.start(), delayMs);
	}
}

function howItEnded({ code, signal }: Ending): string {
	return signal === null ? `ended with code ${code}` : `was ended by ${signal}`;
}
