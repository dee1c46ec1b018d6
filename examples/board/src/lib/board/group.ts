// Turns the flat list of a board's cards into one ordered list per column, and keeps every list that did not change as
// the very same array: a change in one column then renders that column alone.
import type { Card } from '../model.ts';
import { byRank } from '../rank.ts';

export type Groups = ReadonlyMap<string, readonly Card[]>;

/** Linear in the number of cards: lists that arrive nearly in order are sorted in one pass. */
export function createGrouping(): (cards: readonly Card[]) => Groups {
	let previous: Groups = new Map();
	return (cards) => {
		const groups = new Map<string, Card[]>();
		for (const card of cards) {
			const group = groups.get(card.columnId);
			if (group) group.push(card);
			else groups.set(card.columnId, [card]);
		}
		const next = new Map<string, readonly Card[]>();
		for (const [columnId, group] of groups)
			next.set(columnId, kept(previous.get(columnId), group.toSorted(byRank)));
		previous = next;
		return next;
	};
}

function kept(before: readonly Card[] | undefined, now: readonly Card[]): readonly Card[] {
	const isSame = before?.length === now.length && now.every((card, index) => card === before[index]);
	return isSame ? before : now;
}

/** The cards that are new or differ from before. */
export function createDiff(): (cards: readonly Card[]) => Card[] {
	let previous: Map<string, Card> | undefined;
	return (cards) => {
		const before = previous;
		previous = new Map(cards.map((card) => [card.id, card]));
		return before ? cards.filter((card) => before.get(card.id) !== card) : [];
	};
}
