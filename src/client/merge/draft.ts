// A value that events are merged into. What `value` has returned is never changed afterwards: the first change after it
// copies the list, and the changes that follow until `value` is read again share that copy.

import type { MergeSpec } from '../../base/merge.ts';

/** Searches that look at every row; more of them in one draft are worth the memory and time of knowing every place. */
const SCANS = 4;

/** Rows taken out of the middle before places are counted anew; until then a search steps over as many. */
const MAX_DRIFT = 32;

export class Draft {
	readonly spec: MergeSpec;
	#value: unknown;
	/** Whether `#value` is a list of our own that nobody has seen. */
	#owned = false;
	#searches = 0;
	/** Where each key was when it was put here, counted from `#origin`. */
	#places: Map<unknown, number> | null = null;
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
		if (Array.isArray(value)) this.#trim(value);
	}

	/** Adds a row; one with the same key is replaced where it is. */
	put(row: unknown): void {
		if (!this.replace(row)) this.push(row);
	}

	/** Replaces the row with the same key. Returns false where there is none. */
	replace(row: unknown): boolean {
		const place = this.#find(this.keyOf(row));
		if (place >= 0) this.#rows()[place] = row;
		return place >= 0;
	}

	/** Adds an element, for which the one farthest from it has to go where the list is full. */
	push(element: unknown): void {
		const rows = this.#rows();
		if (this.spec.prepend) {
			rows.unshift(element);
			this.#shift(1);
		} else {
			rows.push(element);
		}
		const place = this.spec.prepend ? 0 : rows.length - 1;
		this.#places?.set(this.keyOf(element), place - this.#origin);
		this.#trim(rows);
	}

	/** Takes out the row with this key. */
	remove(key: unknown): void {
		const place = this.#find(key);
		if (place < 0) return;
		this.#rows().splice(place, 1);
		this.#places?.delete(key);
		if (++this.#drift > MAX_DRIFT) this.#forgetPlaces();
	}

	#trim(list: unknown[]): void {
		const { max, prepend } = this.spec;
		if (max === 0 || list.length <= max) return;
		const surplus = list.length - max;
		const dropped = this.#rows().splice(prepend ? max : 0, surplus);
		for (const row of dropped) this.#places?.delete(this.keyOf(row));
		if (!prepend) this.#shift(-surplus);
	}

	/** The list, ours to change. A value that is no list becomes an empty one. */
	#rows(): unknown[] {
		if (!this.#owned) this.#value = Array.isArray(this.#value) ? this.#value.slice() : [];
		this.#owned = true;
		return this.#value as unknown[];
	}

	/** Everything moved by this many places. */
	#shift(by: number): void {
		if (this.#places) this.#origin += by;
	}

	#forgetPlaces(): void {
		this.#places = null;
		this.#origin = 0;
		this.#drift = 0;
	}

	/** Where the row with this key is; -1 where there is none. */
	#find(key: unknown): number {
		if (!Array.isArray(this.#value)) return -1;
		const rows: unknown[] = this.#value;
		if (!this.#places && this.#searches++ < SCANS) return rows.findIndex((row) => this.keyOf(row) === key);
		this.#places ??= new Map(rows.map((row, place) => [this.keyOf(row), place]));
		const last = (this.#places.get(key) ?? NaN) + this.#origin;
		for (let place = last; place >= last - this.#drift; place--) if (this.keyOf(rows[place]) === key) return place;
		return -1;
	}
}
