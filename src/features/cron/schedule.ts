// When a job is due: by a pattern of cron, in a time zone. Everything is computed from the times that are given, so the
// clock is the caller's.

import { Cron } from 'croner';

export class Schedule {
	/** What tells it from other schedules. */
	readonly text: string;
	readonly #cron: Cron;

	/**
	 * @param pattern five fields (minute, hour, day, month, weekday), or six with seconds before them
	 * @param timeZone an IANA name, for example `Europe/Berlin`
	 * @throws {TypeError} where the pattern or the time zone is not understood, or never comes
	 */
	constructor(pattern: string, timeZone: string) {
		this.text = `${pattern} (${timeZone})`;
		try {
			this.#cron = new Cron(pattern, { mode: '5-or-6-parts', timezone: timeZone, paused: true });
			if (this.#cron.nextRun(SOME_DAY) === null) throw new RangeError('it never comes');
		} catch (cause) {
			throw new TypeError(`the schedule "${this.text}" is wrong: ${(cause as Error).message}`, { cause });
		}
	}

	/** The first time behind another one, both in milliseconds since the epoch. */
	after(ms: number): number {
		return this.#cron.nextRun(new Date(ms))?.getTime() ?? Infinity;
	}

	/** Every time behind `fromMs` up to `toMs`, in order. */
	between(fromMs: number, toMs: number): number[] {
		const times: number[] = [];
		for (let ms = this.after(fromMs); ms <= toMs; ms = this.after(ms)) times.push(ms);
		return times;
	}
}

/** A pattern without a year comes again in at most eight years from any day. */
const SOME_DAY = new Date('2026-01-01T00:00:00Z');
