// Who has a place in a group, and in which role: by what the group's hooks and the answers to `join` say.

import { PLACES } from './people-app.ts';
import type { TruthOptions } from './truth.ts';

interface Place {
	readonly process: string;
	readonly connection: string;
	readonly sinceMs: number;
	/** Until when the store may count it; Infinity while it is taken. */
	untilMs: number;
	/** Whether somebody has been told that it was left, or has to be, or may be. */
	telling: 'done' | 'due' | 'possible';
}

/** Somebody wants a place in a role, or another role. */
interface Asking {
	readonly connection: string;
	readonly client: string;
	readonly role: string;
	readonly atMs: number;
	/** When that was granted; Infinity before, and where it was not. */
	grantedMs: number;
	/** When it was given up; Infinity before. */
	endedMs: number;
}

/** What a killed process held is free after this time. */
const MISSED_MS = 10_000;
/** How long the last writes of somebody who has left may take. */
const WRITTEN_MS = 1_000;

export class Places {
	readonly #name: string;
	readonly #options: TruthOptions;
	#places: Place[] = [];
	readonly #asked: Asking[] = [];
	/** Of those who read, and so are in it. */
	readonly #readings = new WeakSet<Asking>();
	/** Processes that give their places back, at a time of their own. */
	readonly #leaving = new Set<string>();

	constructor(name: string, options: TruthOptions) {
		this.#name = name;
		this.#options = options;
	}

	/** How many have a place. */
	get taken(): number {
		return this.#takers.length;
	}

	asks(asking: Pick<Asking, 'connection' | 'client' | 'role'>): Asking {
		const asked: Asking = { ...asking, atMs: this.#options.now(), grantedMs: Infinity, endedMs: Infinity };
		this.#asked.push(asked);
		return asked;
	}

	/** Nobody is told by an answer that they are in. */
	reads(asking: Pick<Asking, 'connection' | 'client' | 'role'>): void {
		this.#readings.add(this.asks(asking));
	}

	/** A member has the role that was asked for. */
	granted(asked: Asking): void {
		if (this.#taker(asked.connection) !== undefined) asked.grantedMs = this.#options.now();
	}

	/** The hook of whoever was let in. */
	joined(process: string, connection: string): void {
		const sinceMs = this.#options.now();
		this.#places.push({ process, connection, sinceMs, untilMs: Infinity, telling: 'due' });
		if (this.taken > PLACES) {
			const takers = JSON.stringify(this.#takers);
			this.#options.violate(`${this.#name}: ${this.taken} have one of ${PLACES} places: ${takers}`);
		}
		const reading = this.#asked.findLast((each) => each.connection === connection && this.#readings.has(each));
		if (reading) this.granted(reading);
	}

	/** The hook of whoever has left, or was on a process that was killed. */
	left(connection: string): void {
		const place = this.#places.findLast((each) => each.connection === connection && each.telling !== 'done');
		if (place === undefined) return this.#options.violate(`${this.#name}: ${connection} left, and was not in it`);
		place.telling = 'done';
		if (place.untilMs === Infinity) this.#end(place, WRITTEN_MS);
	}

	/** Those who were on a process that was killed, and of whom nobody has told. */
	get untold(): string[] {
		return this.#places.flatMap(({ connection, untilMs, telling }) =>
			untilMs < this.#options.now() && telling === 'due' ? [connection] : []
		);
	}

	/** The process ends in order. */
	processLeaves(process: string): void {
		this.#leaving.add(process);
	}

	processEnded(process: string): void {
		for (const place of this.#heldBy(process)) this.#end(place, MISSED_MS);
	}

	processKilled(process: string): void {
		const now = this.#options.now();
		for (const place of this.#places) {
			// It may have been about to tell of those of another one.
			if (place.untilMs !== Infinity && place.telling === 'due') place.telling = 'possible';
		}
		for (const place of this.#heldBy(process)) {
			const isKnown = place.untilMs === Infinity && place.sinceMs < now - WRITTEN_MS;
			if (!isKnown) place.telling = 'possible'; // has just come or gone, and the others may not know
			this.#end(place, MISSED_MS);
		}
	}

	#heldBy(process: string): Place[] {
		const now = this.#options.now();
		return this.#places.filter((place) => place.process === process && place.untilMs >= now);
	}

	/** The hook of whoever found no place: then others have them all, or may have. */
	refused(connection: string): void {
		const now = this.#options.now();
		const takers = this.#places.filter(({ untilMs }) => untilMs >= now);
		const recent = this.#asked.filter(({ atMs }) => atMs >= now - MISSED_MS - WRITTEN_MS);
		const others = new Set([...takers, ...recent].map((each) => each.connection));
		others.delete(connection);
		if (others.size < PLACES)
			this.#options.violate(
				`${this.#name}: ${connection} found none of ${PLACES} places, ${others.size} have one`
			);
	}

	/** Whether a client may hear what was published for a role. */
	mayHear(client: string, role: string | null, publishedMs: number): boolean {
		const own = this.#asked.filter((asked) => asked.client === client);
		// What arrives late by a connection before changes nothing of this one.
		const isLast = ({ connection, atMs }: Asking): boolean =>
			!own.some((each) => each.connection === connection && each.atMs > atMs && each.grantedMs < publishedMs);
		return own.some(
			(asked) => (role ?? asked.role) === asked.role && asked.endedMs >= publishedMs && isLast(asked)
		);
	}

	/** The role that a client has for sure, and since when; null where it is in doubt. */
	roleOf(client: string): Asking | null {
		const last = this.#asked.findLast((asked) => asked.client === client);
		return last !== undefined && last.grantedMs !== Infinity && last.endedMs === Infinity ? last : null;
	}

	/** Who has a place for sure. */
	get #takers(): Place[] {
		return this.#places.filter(({ untilMs, process }) => untilMs === Infinity && !this.#leaving.has(process));
	}

	#taker(connection: string): Place | undefined {
		return this.#places.find((place) => place.connection === connection && place.untilMs === Infinity);
	}

	#end(place: Place, countedMs: number): void {
		const now = this.#options.now();
		place.untilMs = now + countedMs;
		for (const asked of this.#asked)
			if (asked.connection === place.connection && asked.grantedMs !== Infinity) asked.endedMs = now;
	}
}
