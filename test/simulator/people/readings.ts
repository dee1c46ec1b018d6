// Who reads which list of who is here: whom everybody else may be shown, and whom they have to be.

import type { TruthOptions } from './truth.ts';

/** How somebody stopped to read: by saying so, without a word, with a process that was killed, or one that ended in order. */
type Ending = 'left' | 'lost' | 'killed' | 'stopped';

interface Reading {
	readonly user: string;
	readonly room: string;
	readonly process: string;
	readonly sinceMs: number;
	/** Infinity while they read. */
	untilMs: number;
	ending: Ending;
	/** When they said that they stop; Infinity where they did not. */
	leftMs: number;
	/** Until when nobody sees them leave who do not come back; Infinity while they read. */
	keptUntilMs: number;
}

interface Entering extends Pick<Reading, 'user' | 'room' | 'process'> {
	readonly context: { abortSignal: AbortSignal };
}

/** A slow network between processes: a few ways to the store and to the others. */
const SLOW_MS = 500;
/** Until when somebody may still be shown who is not there any more. */
const SHOWN_MS: Record<Ending, number> = { left: 1_000, lost: 6_000, killed: 10_100, stopped: 7_000 };
/** What was lost without a trace is looked for every 30 s. */
const ROUGH_MS = 31_000;
/** For how long somebody is kept for sure who is gone. */
const KEPT_MS: Record<Ending, number> = { left: 0, lost: 4_900, killed: 4_900, stopped: 4_900 };

export class Readings {
	readonly #options: TruthOptions;
	readonly #contexts = new WeakSet<object>();
	#all: Reading[] = [];

	constructor(options: TruthOptions) {
		this.#options = options;
	}

	/** Somebody is let read: once for each stream, however often it is asked. */
	add({ context, ...reading }: Entering): void {
		const { abortSignal } = context;
		const { now } = this.#options;
		if (this.#contexts.has(context) || abortSignal.aborted) return;
		this.#contexts.add(context);
		const entry: Reading = {
			...reading,
			sinceMs: this.#options.now(),
			untilMs: Infinity,
			ending: 'left',
			leftMs: Infinity,
			keptUntilMs: Infinity
		};
		this.#all.push(entry);
		abortSignal.addEventListener('abort', () => {
			const hasLeft = (abortSignal.reason as { code?: string }).code === 'CANCELLED';
			if (hasLeft) entry.leftMs = now(); // also while its process is about to end
			if (entry.untilMs === Infinity) end(entry, hasLeft ? 'left' : 'lost', now());
		});
	}

	/** What it did not tell the others before, they find out by its end. */
	processEnded(process: string, ending: 'killed' | 'stopped'): void {
		const now = this.#options.now();
		for (const reading of this.#all) {
			if (reading.process === process && this.#shownUntilMs(reading) >= now) end(reading, ending, now);
		}
	}

	/** Whoever may be shown in a room now. */
	possible(room: string): Set<string> {
		const now = this.#options.now();
		// Whoever has left is not expected while others of their readings would still be kept.
		this.#all = this.#all.filter((reading) => this.#shownUntilMs(reading) + KEPT_MS.lost >= now);
		return this.#users(room, (reading) => this.#shownUntilMs(reading) >= now);
	}

	/** Whoever has to be shown in a room now. */
	certain(room: string): Set<string> {
		const sinceMs = this.#options.now() - 2 * SLOW_MS - (this.#options.rough ? ROUGH_MS : 0);
		return this.#users(room, (reading) => reading.untilMs === Infinity && reading.sinceMs <= sinceMs);
	}

	/** Whoever reads in a room. */
	present(room: string): Set<string> {
		return this.#users(room, ({ untilMs }) => untilMs === Infinity);
	}

	/** Whether somebody was there all the last while, with the time in which most come back: then nobody saw them leave. */
	wasThere(user: string, room: string): boolean {
		const now = this.#options.now();
		const own = this.#all.filter((reading) => reading.user === user && reading.room === room);
		const spans = own.map((reading) => ({
			sinceMs: reading.sinceMs + SLOW_MS,
			untilMs: keptUntilMs(reading, own)
		}));
		let coveredMs = now - 2 * SLOW_MS;
		for (const span of spans.toSorted((one, other) => one.sinceMs - other.sinceMs)) {
			if (span.sinceMs <= coveredMs) coveredMs = Math.max(coveredMs, span.untilMs);
		}
		return coveredMs > now;
	}

	#users(room: string, which: (reading: Reading) => boolean): Set<string> {
		return new Set(this.#all.filter((each) => each.room === room && which(each)).map(({ user }) => user));
	}

	#shownUntilMs({ untilMs, ending }: Reading): number {
		const isTold = ending === 'left' || ending === 'lost';
		return untilMs + SHOWN_MS[ending] + (isTold && this.#options.rough ? ROUGH_MS : 0);
	}
}

/**
 * The first end counts for those who come back, the last one for what the others may show. Whoever was cut off before the
 * list was loaded has not been in it: nothing was sent to them, and nobody was told of them.
 */
function end(reading: Reading, ending: Ending, now: number): void {
	const wasIn = now - reading.sinceMs >= SLOW_MS;
	if (reading.untilMs === Infinity) reading.keptUntilMs = wasIn ? now + KEPT_MS[ending] : now;
	Object.assign(reading, { untilMs: now, ending });
}

/** Whoever is back, and then leaves, is expected no more. */
function keptUntilMs({ keptUntilMs: ownMs, sinceMs }: Reading, own: readonly Reading[]): number {
	if (ownMs === Infinity) return ownMs;
	const later = own.filter((other) => other.sinceMs >= sinceMs);
	return Math.min(ownMs, ...later.map(({ leftMs }) => leftMs));
}
