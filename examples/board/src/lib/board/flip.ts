// Lets cards glide to where a change put them: remembers where each visible card was before the document changes, and
// plays the way from there afterwards. Works across columns, and for a card that was let go under the pointer.

const DURATION_MS = 220;
const EASING = 'cubic-bezier(0.2, 0.8, 0.2, 1)';

export class Flip {
	readonly #root: HTMLElement;
	#before = new Map<string, DOMRect>();

	constructor(root: HTMLElement) {
		this.#root = root;
	}

	/** Before the document changes. */
	remember(): void {
		this.#before = new Map(
			this.#cards().map((card) => [card.dataset['cardId'] ?? '', card.getBoundingClientRect()])
		);
	}

	/** What `remember` would have found, for a card that is somewhere else: under the pointer. */
	override(id: string, from: DOMRect): void {
		this.#before.set(id, from);
	}

	/** After the document changed. */
	play(): void {
		const before = this.#before;
		this.#before = new Map();
		if (before.size === 0 || matchMedia('(prefers-reduced-motion: reduce)').matches) return;
		// Read everything first, then animate: alternating would lay the page out anew for each card.
		const moves = this.#cards().flatMap((card) => {
			const from = before.get(card.dataset['cardId'] ?? '');
			const to = card.getBoundingClientRect();
			const [x, y] = from ? [from.left - to.left, from.top - to.top] : [0, 0];
			return Math.abs(x) + Math.abs(y) > 1 ? [{ card, x, y }] : [];
		});
		for (const { card, x, y } of moves) {
			const from = { transform: `translate(${x}px, ${y}px)`, zIndex: '2' };
			card.animate([from, { transform: 'none', zIndex: '2' }], { duration: DURATION_MS, easing: EASING });
		}
	}

	#cards(): HTMLElement[] {
		return Array.from(this.#root.querySelectorAll<HTMLElement>('[data-card-id]'));
	}
}
