// Which cards of a column are in the document. Cards that were seen have their measured height, the others an estimate;
// only those near the viewport are rendered, between two spacers that stand for the rest.
import type { Card } from '../model.ts';

export const GAP = 8;
/** Above the first card: room for its focus ring. */
const PAD = 4;
/** Cards are rendered this far beyond what is visible, so that scrolling meets no empty space. */
const OVERSCAN = 500;
/** What the server renders, which knows no viewport. */
const FIRST_HEIGHT = 900;
const LINE = 20;
const LETTER = 6.9;

export class ColumnWindow {
	readonly #cards: () => readonly Card[];
	readonly #heights = new Map<string, number>();
	#measured = $state(0);
	#observer: ResizeObserver | undefined;
	#list: HTMLElement | undefined;

	scrollTop = $state(0);
	viewport = $state(FIRST_HEIGHT);
	width = $state(280);

	/** Where each card begins, and at the end where the last one ends. */
	readonly tops = $derived.by(() => {
		void this.#measured;
		const cards = this.#cards();
		const tops = new Float64Array(cards.length + 1);
		tops[0] = PAD;
		cards.forEach((card, index) => {
			tops[index + 1] = (tops[index] ?? 0) + this.#heightOf(card) + GAP;
		});
		return tops;
	});

	readonly first = $derived(Math.max(0, this.indexAt(this.scrollTop - OVERSCAN)));
	readonly last = $derived(Math.min(this.#count, this.indexAt(this.scrollTop + this.viewport + OVERSCAN) + 1));

	constructor(cards: () => readonly Card[]) {
		this.#cards = cards;
	}

	get #count(): number {
		return this.#cards().length;
	}

	get height(): number {
		return this.tops.at(-1) ?? 0;
	}

	topOf(index: number): number {
		return this.tops[Math.min(Math.max(index, 0), this.#count)] ?? 0;
	}

	/** The card at a distance from the top of the column; the number of cards beyond the last one. */
	indexAt(y: number): number {
		const { tops } = this;
		let low = 0;
		let high = this.#count;
		while (low < high) {
			const middle = (low + high) >> 1;
			if ((tops[middle + 1] ?? 0) <= y) low = middle + 1;
			else high = middle;
		}
		return low;
	}

	/** A distance from the top in cards, so that screens on which cards differ in height agree on it. */
	toCards(y: number): number {
		const index = this.indexAt(y);
		const top = this.topOf(index);
		return index + (y - top) / (index < this.#count ? this.topOf(index + 1) - top : 100);
	}

	/** The inverse of `toCards`. */
	fromCards(position: number): number {
		const index = Math.min(Math.floor(position), this.#count);
		const top = this.topOf(index);
		return top + (position - index) * (index < this.#count ? this.topOf(index + 1) - top : 100);
	}

	/** Makes a card visible. */
	reveal(index: number): void {
		const list = this.#list;
		if (!list) return;
		const [top, bottom] = [this.topOf(index), this.topOf(index + 1)];
		if (top < list.scrollTop) list.scrollTop = top - GAP;
		else if (bottom > list.scrollTop + list.clientHeight) list.scrollTop = bottom - list.clientHeight + GAP;
		this.#readScroll(list);
	}

	/** For the scrolling list: `{@attach window.list}`. */
	readonly list = (element: HTMLElement): (() => void) => {
		this.#list = element;
		const onScroll = () => this.#readScroll(element);
		const resize = new ResizeObserver(() => {
			this.viewport = element.clientHeight;
			this.width = element.clientWidth - 16;
			this.#readScroll(element);
		});
		resize.observe(element);
		element.addEventListener('scroll', onScroll, { passive: true });
		return () => {
			this.#list = undefined;
			resize.disconnect();
			element.removeEventListener('scroll', onScroll);
		};
	};

	/** For each rendered card: `{@attach window.card(id)}`. */
	card(id: string): (element: HTMLElement) => () => void {
		return (element) => {
			element.dataset['measure'] = id;
			this.#observer ??= new ResizeObserver((entries) => this.#measure(entries));
			this.#observer.observe(element);
			return () => this.#observer?.unobserve(element);
		};
	}

	get element(): HTMLElement | undefined {
		return this.#list;
	}

	#readScroll(element: HTMLElement): void {
		this.scrollTop = element.scrollTop;
	}

	#measure(entries: ResizeObserverEntry[]): void {
		let changed = false;
		for (const { target, borderBoxSize } of entries) {
			const id = (target as HTMLElement).dataset['measure'];
			const height = borderBoxSize[0]?.blockSize ?? 0;
			if (!id || height === 0 || this.#heights.get(id) === height) continue;
			this.#heights.set(id, height);
			changed = true;
		}
		if (changed) this.#measured++;
	}

	#heightOf(card: Card): number {
		return this.#heights.get(card.id) ?? this.#estimate(card);
	}

	#estimate({ title, ref, date }: Card): number {
		const lines = Math.ceil((title.length * LETTER) / (this.width - 30));
		return lines * LINE + 22 + (ref || date ? 22 : 0);
	}
}
