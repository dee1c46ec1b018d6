// Which processes of the application live. Each enters itself every other second for a few seconds, by the clock of what
// they share: one that was killed is missed by all others within ten seconds, and what it held can be given up.

import type { Clock, Timer } from '../../base/clock.ts';
import type { MaybePromise } from '../../base/maybe-promise.ts';
import type { SharedStore } from '../shared-store.ts';
import { withTimeout } from '../timeout.ts';

export interface RosterOptions {
	store: SharedStore;
	clock: Clock;
	/** The name of this process. */
	id: string;
	/** Told of beats that failed; the next one tries again. */
	onError: (error: unknown) => void;
	/** Whether no other process can be there: then nobody is told. @default false */
	alone?: boolean;
}

export interface RosterListener {
	/** Processes that were there before are gone. */
	gone(ids: readonly string[]): void;
	/** This process was not there for a while: the others may have given up what it held. */
	returned(): void;
}

const BEAT_MS = 2_000;
/** A process that was killed right after a beat is missed after this time and one more beat. */
const LIFE_MS = 6_000;
const GROUP = 'processes';

export class Roster {
	readonly id: string;
	readonly #options: RosterOptions;
	readonly #listeners = new Set<RosterListener>();
	#living: ReadonlySet<string> = new Set();
	#timer: Timer | null = null;
	#running = false;
	/** Settles with the beat that is under way. */
	#beating: Promise<void> = Promise.resolve();
	/** Whether a beat has succeeded, and when the last one of them began. */
	#entered = false;
	#enteredMs = 0;

	constructor(options: RosterOptions) {
		this.id = options.id;
		this.#options = options;
	}

	/** Resolves when this process is in it and knows the others. */
	async start(): Promise<void> {
		this.#running = true;
		if (this.#options.alone) return this.#see(new Set([this.id]));
		await this.#beat();
		this.#schedule();
	}

	/** Leaves at once, so that nobody waits for the end of its life. */
	async stop(): Promise<void> {
		this.#running = false;
		this.#options.clock.clearTimer(this.#timer);
		if (this.#options.alone) return;
		await this.#beating; // would enter this process again
		await this.#options.store.leave(GROUP, this.id);
	}

	listen(listener: RosterListener): () => void {
		this.#listeners.add(listener);
		return () => this.#listeners.delete(listener);
	}

	/** Whether a process lives, as of a few seconds ago at most; one that is not known is looked for. */
	async isAlive(id: string): Promise<boolean> {
		if (this.#living.has(id)) return true;
		if (this.#options.alone) return false;
		const members = await this.#options.store.members(GROUP);
		return members.some(({ member }) => member === id);
	}

	/** All of them, this one too, as of the last beat. */
	get living(): ReadonlySet<string> {
		return this.#living;
	}

	#schedule(): void {
		const beat = (): void => {
			this.#beat().then(
				() => this.#schedule(),
				(error: unknown) => {
					this.#options.onError(error);
					this.#schedule();
				}
			);
		};
		if (this.#running) this.#timer = this.#options.clock.setTimer(beat, BEAT_MS);
	}

	#beat(): Promise<void> {
		const beat = this.#enter();
		this.#beating = beat.catch(() => {});
		return beat;
	}

	async #enter(): Promise<void> {
		const { store, clock } = this.#options;
		const living = new Set((await this.#inTime(store.members(GROUP))).map(({ member }) => member));
		if (!this.#running) return;
		const beganMs = clock.now();
		await this.#inTime(store.enter(GROUP, { member: this.id, value: '' }, LIFE_MS));
		if (!this.#running) return;
		// Our own clock may have stood still with us, so what the others see counts as well.
		const lapsed = this.#entered && (!living.has(this.id) || clock.now() - this.#enteredMs >= LIFE_MS);
		this.#entered = true;
		this.#enteredMs = beganMs;
		this.#see(living.add(this.id));
		if (lapsed) for (const listener of this.#listeners) listener.returned();
	}

	/** A beat that is never answered must not be the last one. */
	#inTime<Value>(answer: MaybePromise<Value>): MaybePromise<Value> {
		return withTimeout(answer, { clock: this.#options.clock, limitMs: LIFE_MS, what: 'the roster of processes' });
	}

	#see(living: ReadonlySet<string>): void {
		const gone = [...this.#living].filter((id) => !living.has(id));
		this.#living = living;
		if (gone.length > 0) for (const listener of this.#listeners) listener.gone(gone);
	}
}
