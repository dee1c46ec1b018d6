// Where a dragged card would go in a column.

interface Column {
	/** Where each card begins, and at the end where the last one ends. */
	tops: ArrayLike<number>;
	/** Which of its cards is being dragged; null where it comes from another column. */
	from: number | null;
}

/**
 * The place whose card has its middle next below `y`, the dragged card's own middle. Counted without the dragged card.
 * A card gives way when the dragged one has covered half of it.
 */
export function dropIndex({ tops, from }: Column, y: number): number {
	const count = tops.length - 1;
	let index = 0;
	while (index < count && middle(tops, index) < y) index++;
	// In its own column everything behind the dragged card counts one less.
	return from !== null && index > from ? index - 1 : index;
}

const middle = (tops: ArrayLike<number>, index: number): number => ((tops[index] ?? 0) + (tops[index + 1] ?? 0)) / 2;
