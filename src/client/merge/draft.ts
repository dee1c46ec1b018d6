// A value that events are merged into. What `value` has returned is never changed afterwards: the first change after it
// copies the list, and the changes that follow until `value` is read again share that copy.

import type { MergeSpec } from '../../base/merge.ts';

/** Searches that look at every row; more of them in one draft are worth the memory and time of knowing every place. */
const SCANS = 4;

/** Lists up to this length are searched row by row. */
const FEW_ROWS = 32;

/** Rows taken out of the middle before places are counted anew; until then a search steps over as many. */
const MAX_DRIFT = 256;

export class Draft {
	readonly spec: MergeSpec;
	#value: unknown;
	/** Whether `#value` is a list of our own that nobody has seen. */
	#owned = false;
	#searches = 0;
	/** Where each key was when it was put here, counted from `#origin`. */
	#places: Map<unknown, number> | null = null;
	/** The draft that this one goes on from: it knows the places that are not in `#places`. */
	#base: Draft | null = null;
	/** Where the row is now that was first when places were counted. */
	#origin = 0;
	/** How many rows were taken out since: a row is at most that far before its place. */
	#drift = 0;

	constructor(value: unknown, spec: MergeSpec) {
		this.spec = spec;
		this.reset(value);
	}

	get value(): unknown {
		this.#owned = false;
		return this.#value;
	}

	/**
	 * A draft that goes on from this one and does not change it. Until this one changes it may be used: it looks keys up in
	 * what this one knows of their places, so that a few changes of a long list cost no search.
	 */
	fork(): Draft {
		const fork = new Draft(this.value, this.spec);
		if (this.spec.kind === 'set' || this.#rows.length <= FEW_ROWS) return fork;
		this.#places ??= this.#count();
		fork.#places = new Map();
		fork.#base = this;
		fork.#origin = this.#origin;
		fork.#drift = this.#drift;
		return fork;
	}

	keyOf(row: unknown): unknown {
		return (row as Record<string, unknown> | null | undefined)?.[this.spec.key];
	}

	/** Whether the value is a list with a row of this key. */
	has(key: unknown): boolean {
		return this.#find(key) >= 0;
	}

	/** Replaces the whole value. */
	reset(value: unknown): void {
		this.#value = value;
		this.#owned = false;
		this.#forgetPlaces();
		this.#trim();
	}

	/** Adds a row; one with the same key is replaced where it is. */
	put(row: unknown): void {
		if (!this.replace(row)) this.push(row);
	}

	/** Replaces the row with the same key. Returns false where there is none. */
	replace(row: unknown): boolean {
		const place = this.#find(this.keyOf(row));
		if (place >= 0) this.#splice(place, 1, row);
		return place >= 0;
	}

	/** Adds an element, for which the one farthest from it has to go where the list is full. */
	push(element: unknown): void {
		const place = this.spec.prepend ? 0 : this.#rows.length;
		this.#splice(place, 0, element);
		if (this.spec.prepend) this.#shift(1);
		this.#places?.set(this.keyOf(element), place - this.#origin);
		this.#trim();
	}

	/** Adds those rows that are not here yet, on the side where none are created. */
	extend(rows: readonly unknown[]): void {
		const others = rows.filter((row) => !this.has(this.keyOf(row)));
		this.#splice(this.spec.prepend ? this.#rows.length : 0, 0, ...others);
		this.#forgetPlaces();
	}

	/** Takes out the row with this key. */
	remove(key: unknown): void {
		const place = this.#find(key);
		if (place < 0) return;
		this.#splice(place, 1);
		this.#places?.delete(key);
		if (++this.#drift > MAX_DRIFT) this.#forgetPlaces();
	}

	/** Puts the row with this key where so many others are before it. */
	move([key, place]: [key: unknown, place: number]): void {
		const from = this.#find(key);
		if (from < 0) return;
		const row = this.#rows[from];
		this.#splice(from, 1);
		this.#splice(place, 0, row);
		this.#forgetPlaces();
	}

	#trim(): void {
		const { max, prepend } = this.spec;
		const surplus = this.#rows.length - max;
		if (max === 0 || surplus <= 0) return;
		const place = prepend ? max : 0;
		for (const row of this.#rows.slice(place, place + surplus)) this.#places?.delete(this.keyOf(row));
		this.#splice(place, surplus);
		if (!prepend) this.#shift(-surplus);
	}

	/** The list. A value that is none counts as an empty one. */
	get #rows(): unknown[] {
		return Array.isArray(this.#value) ? this.#value : [];
	}

	/** Changes the list; the first change since `value` was read copies it. */
	#splice(place: number, count: number, ...rows: unknown[]): void {
		if (this.#owned) this.#rows.splice(place, count, ...rows);
		else this.#value = this.#rows.toSpliced(place, count, ...rows);
		this.#owned = true;
	}

	/** Everything moved by this many places. */
	#shift(by: number): void {
		if (this.#places) this.#origin += by;
	}

	#forgetPlaces(): void {
		this.#places = null;
		this.#searches = 0;
		this.#origin = 0;
		this.#drift = 0;
	}

	/** Where the row with this key is; -1 where there is none. */
	#find(key: unknown): number {
		const rows = this.#rows;
		if (!this.#places && this.#searches++ < SCANS) return rows.findIndex((row) => this.keyOf(row) === key);
		this.#places ??= this.#count();
		const last = (this.#placeOf(key) ?? NaN) + this.#origin;
		for (let place = last; place >= last - this.#drift; place--) if (this.keyOf(rows[place]) === key) return place;
		return -1;
	}

	#count(): Map<unknown, number> {
		return new Map(this.#rows.map((row, place) => [this.keyOf(row), place]));
	}

	/** Where a key was last seen: whoever asks looks whether its row is there. */
	#placeOf(key: unknown): number | undefined {
		const place = this.#places?.get(key);
		return place === undefined && this.#base ? this.#base.#placeOf(key) : place;
	}
}
