// The rows of a view in their order, and the part of them that is shown. Invariant: applied to the list that was shown
// before, the changes that `put` and `remove` return give the list that is shown now.

import { LiveError } from '../../base/errors.ts';
import type { Compare } from './view.ts';

export interface Entry {
	readonly key: unknown;
	readonly row: unknown;
	/** Its place among rows that are equal, or among all where they are not sorted. */
	readonly rank: number;
}

/** Places are counted from 0, in the list as the changes before have left it. */
export type Change =
	| { readonly kind: 'leave'; readonly key: unknown; readonly place: number }
	| { readonly kind: 'enter'; readonly entry: Entry; readonly place: number }
	| { readonly kind: 'change'; readonly entry: Entry; readonly from: number; readonly place: number };

export interface OrderOptions {
	/** For the message of the limit. */
	readonly path: string;
	readonly compare: Compare | null;
	/** The most rows that are shown; 0 for no bound. */
	readonly limit: number;
	/** Whether those at the end are shown. */
	readonly fromEnd: boolean;
	/** Whether new rows come before the others. */
	readonly prepend: boolean;
	/** The limit "viewRows". */
	readonly maxRows: number;
}

/** The part that is shown: from the first index to before the second one. */
type Shown = readonly [first: number, end: number];

/** Where a row was before it changed. */
interface Before {
	/** Undefined where it was not there. */
	readonly entry: Entry | undefined;
	readonly index: number;
	readonly shown: Shown;
}

/** Where it is now. */
interface After {
	readonly entry: Entry;
	readonly index: number;
}

export class OrderedRows {
	readonly #options: OrderOptions;
	readonly #byKey = new Map<unknown, Entry>();
	#order: Entry[] = [];
	#first = 0;
	#last = -1;

	constructor(rows: Iterable<readonly [key: unknown, row: unknown]>, options: OrderOptions) {
		this.#options = options;
		for (const [key, row] of rows) {
			const rank = this.#byKey.get(key)?.rank ?? ++this.#last;
			this.#byKey.set(key, { key, row, rank });
		}
		this.#assertRoom();
		this.#order = [...this.#byKey.values()].toSorted((one, other) => this.#compare(one, other));
	}

	has(key: unknown): boolean {
		return this.#byKey.has(key);
	}

	get shown(): readonly Entry[] {
		return this.#order.slice(...this.#shown);
	}

	/**
	 * Adds a row, or replaces the one with the same key.
	 * @throws {LiveError} TOO_MANY
	 */
	put(key: unknown, row: unknown): Change[] {
		const before = this.#take(key);
		const rank = before.entry?.rank ?? (this.#options.prepend ? --this.#first : ++this.#last);
		const entry = { key, row, rank };
		this.#byKey.set(key, entry);
		this.#assertRoom();
		const index = this.#search(entry);
		this.#order.splice(index, 0, entry);
		return this.#changes(before, { entry, index });
	}

	remove(key: unknown): Change[] {
		const before = this.#take(key);
		return before.entry ? this.#changes(before, null) : [];
	}

	#take(key: unknown): Before {
		const entry = this.#byKey.get(key);
		const shown = this.#shown;
		if (!entry) return { entry, index: -1, shown };
		const found = this.#search(entry);
		const index = this.#order[found] === entry ? found : this.#order.indexOf(entry); // `compare` may be inconsistent
		this.#order.splice(index, 1);
		this.#byKey.delete(key);
		return { entry, index, shown };
	}

	/** What one row's change means for the list that is shown: another row may have to go, or come, for it. */
	#changes(before: Before, after: After | null): Change[] {
		const { entry, index: from, shown: old } = before;
		const shown = this.#shown;
		const was = isIn(from, old);
		const is = after !== null && isIn(after.index, shown);
		const others = shown[1] - shown[0] - Number(is) - (old[1] - old[0] - Number(was));
		const changes: Change[] = [];
		if (was && !is && entry) changes.push({ kind: 'leave', key: entry.key, place: from - old[0] });
		if (others < 0) changes.push(this.#pushedOut(shown));
		if (is) {
			const place = after.index - shown[0];
			if (was) changes.push({ kind: 'change', entry: after.entry, from: from - old[0], place });
			else changes.push({ kind: 'enter', entry: after.entry, place });
		}
		if (others > 0) changes.push(this.#refill(shown));
		return changes;
	}

	#pushedOut([first, end]: Shown): Change {
		const { fromEnd } = this.#options;
		const { key } = this.#order[fromEnd ? first - 1 : end] as Entry; // it was shown, and something took its place
		return { kind: 'leave', key, place: fromEnd ? 0 : end - first - 1 };
	}

	#refill([first, end]: Shown): Change {
		const { fromEnd } = this.#options;
		const entry = this.#order[fromEnd ? first : end - 1] as Entry; // more are shown than before
		return { kind: 'enter', entry, place: fromEnd ? 0 : end - first - 1 };
	}

	get #shown(): Shown {
		const { limit, fromEnd } = this.#options;
		const { length } = this.#order;
		if (limit === 0 || length <= limit) return [0, length];
		return fromEnd ? [length - limit, length] : [0, limit];
	}

	/** Where a row is, or belongs. */
	#search(entry: Entry): number {
		let low = 0;
		let high = this.#order.length;
		while (low < high) {
			const middle = (low + high) >>> 1;
			if (this.#compare(this.#order[middle] as Entry, entry) < 0) low = middle + 1;
			else high = middle;
		}
		return low;
	}

	#compare(one: Entry, other: Entry): number {
		return this.#options.compare?.(one.row, other.row) || 0 || one.rank - other.rank;
	}

	#assertRoom(): void {
		const { maxRows, path } = this.#options;
		if (this.#byKey.size <= maxRows) return;
		throw new LiveError('TOO_MANY', `the view of "${path}" has more rows than the limit "viewRows" of ${maxRows}`);
	}
}

const isIn = (index: number, [first, end]: Shown): boolean => index >= first && index < end;
