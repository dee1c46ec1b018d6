// Where everyone points. Tells of this tab's pointer, and places the others' on the page.
import { cursors } from '#lib/people.live.ts';
import type { Attendee, Cursor, Person } from '../model.ts';
import { newId } from '../model.ts';
import type { BoardUi } from './board-ui.svelte.ts';

type Pointer = Pick<Cursor, 'columnId' | 'x' | 'y' | 'cardId'>;

/** A pointer that rests this long is taken away. */
const IDLE_MS = 12_000;
const HEADER_HEIGHT = 48;
const DIGITS = 4;

export interface Placed {
	cursor: Cursor;
	x: number;
	y: number;
	/** Beyond what is scrolled into view: shown at that edge. */
	edge: 'above' | 'below' | null;
}

export class Cursors {
	readonly #ui: BoardUi;
	readonly #tab = newId();
	readonly #people: () => readonly Attendee[];
	readonly #stream: ReturnType<typeof cursors>;
	#latest: Pointer | null = null;
	#idle: ReturnType<typeof setTimeout> | undefined;

	readonly others: readonly Cursor[] = $derived.by(() =>
		(this.#stream.current ?? []).filter((cursor) => cursor.tab !== this.#tab)
	);
	readonly #held = $derived.by(() => this.others.filter((cursor) => cursor.cardId !== null));

	/** @param people who is here, without this page's user */
	constructor(ui: BoardUi, people: () => readonly Attendee[]) {
		this.#ui = ui;
		this.#people = people;
		this.#stream = cursors(ui.board.id);
	}

	/** Who drags a card or has it open. */
	holderOf(cardId: string): Person | undefined {
		return this.writerOf(cardId) ?? this.#held.find((cursor) => cursor.cardId === cardId)?.person;
	}

	/** Who writes its title, also with no pointer on the board. */
	writerOf(cardId: string): Person | undefined {
		return this.#people().find(({ writes }) => writes === cardId);
	}

	/** On every move of a mouse or pen over the board. */
	moved(event: PointerEvent): void {
		if (event.pointerType === 'touch' && !this.#ui.drag.dragged) return;
		this.#show(this.#pointerAt(event.clientX, event.clientY));
	}

	left(): void {
		this.#show(null);
	}

	/** Tells that this tab began or ended to edit a card. */
	holds(cardId: string | null): void {
		if (this.#latest && this.#latest.cardId !== cardId) this.#show({ ...this.#latest, cardId });
	}

	/** Where a cursor is within the element that holds the columns. */
	place(cursor: Cursor, layer: DOMRect): Placed | null {
		const window = this.#ui.windows.get(cursor.columnId);
		const list = window?.element;
		if (!window || !list || this.#isFiltered) return null;
		// Read through the reactive fields, so that scrolling moves the cursors.
		const { scrollTop, viewport } = window;
		const rect = list.getBoundingClientRect();
		const y = cursor.y < 0 ? cursor.y * HEADER_HEIGHT : window.fromCards(cursor.y) - scrollTop;
		const edge = cursor.y >= 0 && y < 0 ? 'above' : y > viewport ? 'below' : null;
		const shown = edge === 'above' ? 0 : Math.min(y, viewport);
		return { cursor, x: rect.left - layer.left + cursor.x * rect.width, y: rect.top - layer.top + shown, edge };
	}

	#pointerAt(clientX: number, clientY: number): Pointer | null {
		if (this.#isFiltered) return null;
		for (const { columnId, window } of this.#ui.views) {
			const rect = window.element?.getBoundingClientRect();
			// Half of the space between two columns belongs to each.
			if (!rect || clientX < rect.left - 8 || clientX > rect.right + 8) continue;
			const y = clientY - rect.top;
			if (y < -HEADER_HEIGHT) return null;
			const cards = y < 0 ? y / HEADER_HEIGHT : window.toCards(y + window.scrollTop);
			return {
				columnId,
				x: rounded((clientX - rect.left) / rect.width),
				y: rounded(cards),
				cardId: this.#cardInHand
			};
		}
		return null;
	}

	/** Whoever sees only some of the cards counts them differently. */
	get #isFiltered(): boolean {
		return this.#ui.board.filter !== '';
	}

	get #cardInHand(): string | null {
		return this.#ui.drag.dragged?.card.id ?? this.#ui.editingId;
	}

	#show(pointer: Pointer | null): void {
		this.#latest = pointer;
		clearTimeout(this.#idle);
		if (pointer) this.#idle = setTimeout(() => this.#show(null), IDLE_MS);
		this.#stream.move(pointer && { tab: this.#tab, ...pointer });
	}
}

const rounded = (value: number): number => Number(value.toFixed(DIGITS));
