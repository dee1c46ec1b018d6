// The history that the primary keeps for its workers: opened when the first of them says which one, the same for all.

import type { Clock } from '../../base/clock.ts';
import type { MaybePromise } from '../../base/maybe-promise.ts';
import { LiveError } from '../../base/errors.ts';
import type { Backplane } from '../../server/backplane.ts';
import type { LogSettings } from './messages.ts';
import { makerOf } from './open-log.ts';

export class SharedLog {
	readonly #clock: Clock;
	#settings: LogSettings | null = null;
	#opening: Promise<void> | null = null;
	#make: (() => Backplane) | null = null;
	#log: Backplane | null = null;
	/** Whether every worker so far has published everything that it may have stored. */
	#clean = true;

	/** @param clock tells when what processes agreed on expires, where that is in memory */
	constructor(clock: Clock) {
		this.#clock = clock;
	}

	/**
	 * Opens it, or makes sure that it is the one that is open.
	 * @throws {Error} where it cannot be opened, or another one is
	 */
	async open(settings: LogSettings): Promise<void> {
		if (this.#opening === null) this.#opening = this.#open(settings);
		else if (!isDeepEqual(settings, this.#settings)) throw new Error(otherHistory(this.#settings, settings));
		await this.#opening;
	}

	async #open(settings: LogSettings): Promise<void> {
		this.#settings = settings;
		try {
			this.#make = await makerOf(settings.recipe, this.#clock);
			await this.#begin(this.#make);
		} catch (error) {
			this.#opening = null; // the next worker tries again
			throw error;
		}
	}

	async #begin(make: () => Backplane): Promise<void> {
		const log = make();
		// Workers are told by the primary: who appends and who listens is known there only.
		await log.start(() => {});
		this.#log = log;
	}

	/** Null while it is not open. */
	get opened(): Backplane | null {
		return this.#log;
	}

	/** @throws {LiveError} UNAVAILABLE while it is not open */
	get current(): Backplane {
		if (this.#log !== null) return this.#log;
		throw new LiveError('UNAVAILABLE', 'the history is not open');
	}

	/** A worker ended and may have stored something that it did not come to publish. */
	async crashed(): Promise<void> {
		this.#clean = false;
		if (this.#settings?.afterCrash !== 'reload' || this.#make === null) return;
		await this.close();
		await this.#begin(this.#make); // another epoch, which every position of before is outside of
		this.#clean = true;
	}

	close(): MaybePromise<void> {
		const log = this.#log;
		this.#log = null;
		return log?.stop(this.#clean);
	}
}

/** Settings are plain data that came over a channel. */
function isDeepEqual(one: unknown, other: unknown): boolean {
	return JSON.stringify(one) === JSON.stringify(other);
}

function otherHistory(open: LogSettings | null, asked: LogSettings): string {
	const text = (settings: LogSettings | null): string => JSON.stringify(settings?.recipe);
	return `tidewire: the workers' history is ${text(open)}, and this worker asks for ${text(asked)}: end all of them first`;
}
