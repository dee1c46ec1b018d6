// What happens on the page of a board and nowhere else: which card has the focus, is edited, dragged or moved by keys.
import { tick } from 'svelte';
import { SvelteMap } from 'svelte/reactivity';
import type { Card } from '../model.ts';
import { Announcer } from './announcer.svelte.ts';
import type { BoardState } from './board-state.svelte.ts';
import type { ColumnWindow } from './column-window.svelte.ts';
import type { ColumnView } from './drag.svelte.ts';
import { Drag } from './drag.svelte.ts';
import { Flip } from './flip.ts';

interface Lifted {
	id: string;
	columnId: string;
	index: number;
}

type Step = [columns: number, cards: number];

const STEPS: Record<string, Step> = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };

export class BoardUi {
	readonly board: BoardState;
	readonly announcer = new Announcer();
	readonly windows = new SvelteMap<string, ColumnWindow>();
	readonly drag: Drag;
	/** The card that Tab leads to. */
	activeId = $state<string | null>(null);
	editingId = $state<string | null>(null);
	/** The card whose files are shown. */
	filesOf = $state<string | null>(null);
	/** The column in which a card is being written. */
	addingTo = $state<string | null>(null);
	/** The card that the arrow keys move, and where it came from. */
	lifted = $state.raw<Lifted | null>(null);
	#root: HTMLElement | undefined;
	#flip: Flip | undefined;
	#dropped: { id: string; from: DOMRect } | undefined;

	constructor(board: BoardState) {
		this.board = board;
		this.drag = new Drag({
			views: () => this.views,
			board: () => this.#root,
			drop: (card, to, from) => this.#drop(card, to, from)
		});
	}

	/** The columns on the page from left to right. */
	get views(): ColumnView[] {
		return this.board.columns.flatMap(({ id }) => {
			const window = this.windows.get(id);
			return window ? [{ columnId: id, window }] : [];
		});
	}

	/** For the element that scrolls sideways: `{@attach ui.root}`. */
	readonly root = (element: HTMLElement): (() => void) => {
		this.#root = element;
		this.#flip = new Flip(element);
		// While a finger drags a card nothing scrolls with it. The browser looks for this listener when the finger comes
		// down, so it has to be there before.
		const hold = (touch: TouchEvent) => this.drag.dragged && touch.preventDefault();
		element.addEventListener('touchmove', hold, { passive: false });
		return () => {
			element.removeEventListener('touchmove', hold);
			this.#root = undefined;
			this.#flip = undefined;
		};
	};

	/** Lets cards glide to their new places. Call before the document changes. */
	glide(): void {
		this.#flip?.remember();
		if (this.#dropped) this.#flip?.override(this.#dropped.id, this.#dropped.from);
		this.#dropped = undefined;
		void tick().then(() => this.#flip?.play());
	}

	elementOf(id: string): HTMLElement | null {
		return this.#root?.querySelector<HTMLElement>(`[data-card-id="${CSS.escape(id)}"]`) ?? null;
	}

	/** Shows a card and gives it the focus. */
	async focus(card: Card | undefined): Promise<void> {
		if (!card) return;
		this.activeId = card.id;
		await tick();
		const index = this.board.cardsOf(card.columnId).findIndex(({ id }) => id === card.id);
		this.windows.get(card.columnId)?.reveal(index);
		await tick();
		const element = this.elementOf(card.id);
		element?.focus({ preventScroll: true });
		element?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
	}

	/** A card has the focus now. Losing it ends nothing: a card that moves in the document loses it for a moment. */
	focused(card: Card): void {
		this.activeId = card.id;
		if (this.lifted?.id !== card.id) this.lifted = null;
	}

	/** The keys of a focused card; README.md lists them. */
	key(event: KeyboardEvent, card: Card, index: number): void {
		if (event.target !== event.currentTarget || event.ctrlKey || event.metaKey || event.altKey) return;
		const isHandled = this.#arrow(event, card, index) || this.#command(event.key, card, index);
		if (isHandled) event.preventDefault();
	}

	edit(card: Card): void {
		this.activeId = card.id;
		this.editingId = card.id;
	}

	delete(card: Card): void {
		const cards = this.board.cardsOf(card.columnId);
		const index = cards.indexOf(card);
		const neighbour = cards[index + 1] ?? cards[index - 1];
		this.board.delete(card);
		this.announcer.say(`Deleted ${card.title}.`);
		void this.focus(neighbour);
	}

	#arrow(event: KeyboardEvent, card: Card, index: number): boolean {
		const step = STEPS[event.key];
		if (!step) return false;
		if (this.lifted?.id === card.id || event.shiftKey) this.#move(card, index, step);
		else void this.focus(this.#neighbour(card, index, step));
		return true;
	}

	#command(key: string, card: Card, index: number): boolean {
		if (key === ' ') this.#toggleLift(card, index);
		else if (key === 'Escape' && this.lifted) this.#putBack(card);
		else if (key === 'Enter' && this.lifted) this.#toggleLift(card, index);
		else if (key === 'Enter' || key === 'e') this.edit(card);
		else if (key === 'Delete' || key === 'Backspace') this.delete(card);
		else if (key === 'a') this.filesOf = card.id;
		else if (key === 'n') this.addingTo = card.columnId;
		else return false;
		return true;
	}

	#neighbour(card: Card, index: number, [columns, cards]: Step): Card | undefined {
		if (columns === 0) return this.board.cardsOf(card.columnId)[index + cards];
		const list = this.board.cardsOf(this.#columnBeside(card.columnId, columns) ?? '');
		return list[Math.min(index, list.length - 1)];
	}

	#columnBeside(columnId: string, step: number): string | undefined {
		const { columns } = this.board;
		return columns[columns.findIndex(({ id }) => id === columnId) + step]?.id;
	}

	#move(card: Card, index: number, [columns, cards]: Step): void {
		const columnId = columns === 0 ? card.columnId : this.#columnBeside(card.columnId, columns);
		if (!columnId) return this.announcer.say('There is no column on that side.');
		const others = this.board.cardsOf(columnId).filter(({ id }) => id !== card.id);
		const place = Math.min(Math.max(index + cards, 0), others.length);
		if (columnId === card.columnId && place === index) return;
		this.board.move(card, columnId, place);
		this.announcer.say(`${this.#nameOf(columnId)}, position ${place + 1} of ${others.length + 1}.`);
		void this.focus({ ...card, columnId });
	}

	#toggleLift(card: Card, index: number): void {
		if (this.lifted) {
			this.lifted = null;
			return this.announcer.say(`Dropped in ${this.#nameOf(card.columnId)}, position ${index + 1}.`);
		}
		this.lifted = { id: card.id, columnId: card.columnId, index };
		this.announcer.say(`Lifted ${card.title}. Arrow keys move it, space drops it, escape puts it back.`);
	}

	#putBack(card: Card): void {
		const { lifted } = this;
		this.lifted = null;
		if (!lifted) return;
		this.board.move(card, lifted.columnId, lifted.index);
		this.announcer.say('Put back.');
		void this.focus({ ...card, columnId: lifted.columnId });
	}

	#nameOf(columnId: string): string {
		return this.board.columns.find(({ id }) => id === columnId)?.name ?? 'the column';
	}

	// The signature is Drag's.
	#drop(card: Card, to: { columnId: string; index: number }, from: DOMRect): void {
		// Somebody may have changed or deleted the card meanwhile.
		const now = this.board.cards.current?.find(({ id }) => id === card.id);
		if (!now) return;
		this.#dropped = { id: card.id, from };
		this.activeId = card.id;
		this.board.move(now, to.columnId, to.index);
		void tick().then(() => {
			if (this.#dropped) this.#settle();
		});
	}

	/** Let go where it came from: nothing changed, so only this card has a way to go. */
	#settle(): void {
		if (this.#dropped) this.#flip?.override(this.#dropped.id, this.#dropped.from);
		this.#dropped = undefined;
		this.#flip?.play();
	}
}
