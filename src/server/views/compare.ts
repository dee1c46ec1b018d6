// The order of values in a sorted view: total, whatever rows hold, so that every row has one place.

import type { Compare } from './view.ts';

/** Nothing and what has no order come first, then numbers, dates and the like, then texts. */
function rank(value: unknown): number {
	if (typeof value === 'string') return 2;
	return value === null || value === undefined || typeof value === 'symbol' || Number.isNaN(Number(value)) ? 0 : 1;
}

/** Texts are compared by their UTF-16 code units, dates by their time. */
function compareValues(one: unknown, other: unknown): number {
	const ranks = rank(one) - rank(other);
	if (ranks !== 0 || rank(one) === 0) return ranks;
	const [first, second] = [one as number, other as number];
	return first < second ? -1 : first > second ? 1 : 0;
}

export function compareBy(field: string, descending: boolean): Compare {
	const valueOf = (row: unknown): unknown => (row as Record<string, unknown> | null | undefined)?.[field];
	const sign = descending ? -1 : 1;
	return (one, other) => sign * compareValues(valueOf(one), valueOf(other));
}
