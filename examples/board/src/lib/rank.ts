// The order of cards in a column. A rank is a short string, and between any two ranks there is room for another, so that
// a move changes one row and never those around it.
import { generateKeyBetween, generateNKeysBetween } from 'fractional-indexing';

interface Ranked {
	id: string;
	rank: string;
}

/** A rank after `before` and before `after`; null stands for the ends of the column. */
export function rankBetween(before: string | null, after: string | null): string {
	// Two optimistic moves can leave neighbours with one rank for a moment; the server's own ranks are never equal.
	const follows = before !== null && after !== null && before >= after ? null : after;
	return generateKeyBetween(before, follows);
}

/** `count` ranks in order, for an empty column. */
export function firstRanks(count: number): string[] {
	return generateNKeysBetween(null, null, count);
}

/** Orders by rank as SQLite does (by code unit, not by language); the id decides between equal ranks. */
export function byRank(left: Ranked, right: Ranked): number {
	if (left.rank !== right.rank) return left.rank < right.rank ? -1 : 1;
	return left.id < right.id ? -1 : Number(left.id > right.id);
}
