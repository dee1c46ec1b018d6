// Dragging a card with a pointer. A mouse drags at once, a finger after holding still for a moment, so that a swipe
// still scrolls. While a card is dragged nothing changes but transforms; the move happens when it is let go.
import type { Card } from '../model.ts';
import type { ColumnWindow } from './column-window.svelte.ts';
import { GAP } from './column-window.svelte.ts';
import { dropIndex } from './drop-index.ts';

const START_DISTANCE = 5;
const HOLD_MS = 260;
/** How near to an edge the column or the board begins to scroll, and how fast at most, in pixels per frame. */
const EDGE = 72;
const EDGE_SPEED = 16;

export interface ColumnView {
	columnId: string;
	window: ColumnWindow;
}

interface Spot {
	columnId: string;
	/** Counted without the dragged card. */
	index: number;
}

interface DragOptions {
	/** The columns from left to right. */
	views: () => ColumnView[];
	/** What scrolls sideways. */
	board: () => HTMLElement | undefined;
	drop: (card: Card, to: Spot, from: DOMRect) => void;
}

interface Dragged {
	card: Card;
	from: Spot;
	element: HTMLElement;
	width: number;
	height: number;
	/** From the card's corner to the pointer. */
	grip: { x: number; y: number };
}

export class Drag {
	readonly #options: DragOptions;
	dragged = $state.raw<Dragged | null>(null);
	to = $state.raw<Spot | null>(null);
	x = $state(0);
	y = $state(0);
	#abort: AbortController | undefined;
	#frame = 0;

	constructor(options: DragOptions) {
		this.#options = options;
	}

	/** On `pointerdown` of a card. */
	begin(event: PointerEvent, card: Card, from: Spot): void {
		if (event.button !== 0 || this.dragged || !(event.currentTarget instanceof HTMLElement)) return;
		this.#abort?.abort();
		this.#abort = new AbortController();
		const { signal } = this.#abort;
		const element = event.currentTarget;
		const start = { x: event.clientX, y: event.clientY };
		const lift = () => this.#lift(element, card, from, start);
		if (event.pointerType === 'mouse') this.#liftAfterDistance(start, lift);
		else this.#liftAfterHold(start, lift);
		addEventListener('pointermove', (move) => this.#moved(move), { signal });
		addEventListener('pointerup', () => this.#end(true), { signal });
		addEventListener('pointercancel', () => this.#end(false), { signal });
		addEventListener('keydown', (key) => key.key === 'Escape' && this.#end(false), { signal, capture: true });
		// Holding a finger still is no request for a menu.
		if (event.pointerType === 'touch') addEventListener('contextmenu', (menu) => menu.preventDefault(), { signal });
	}

	/** How far a card makes room for the dragged one, or closes the gap it left. */
	shiftOf(columnId: string, index: number): number {
		const { dragged, to } = this;
		if (!dragged) return 0;
		const room = dragged.height + GAP;
		const isBehindSource = columnId === dragged.from.columnId && index > dragged.from.index;
		const place = isBehindSource ? index - 1 : index;
		const isBehindTarget = to?.columnId === columnId && place >= to.index;
		return (isBehindTarget ? room : 0) - (isBehindSource ? room : 0);
	}

	/** How much a column grows by the dragged card, or shrinks. */
	growthOf(columnId: string): number {
		const { dragged, to } = this;
		if (!dragged) return 0;
		const room = dragged.height + GAP;
		return (to?.columnId === columnId ? room : 0) - (dragged.from.columnId === columnId ? room : 0);
	}

	#liftAfterDistance(start: { x: number; y: number }, lift: () => void): void {
		const { signal } = this.#abort ?? {};
		const onMove = (move: PointerEvent) => {
			if (!this.dragged && Math.hypot(move.clientX - start.x, move.clientY - start.y) > START_DISTANCE) lift();
		};
		addEventListener('pointermove', onMove, { ...(signal && { signal }) });
	}

	#liftAfterHold(start: { x: number; y: number }, lift: () => void): void {
		const abort = this.#abort;
		const timer = setTimeout(lift, HOLD_MS);
		abort?.signal.addEventListener('abort', () => clearTimeout(timer));
		const onMove = (move: PointerEvent) => {
			const isSwipe = Math.hypot(move.clientX - start.x, move.clientY - start.y) > START_DISTANCE * 2;
			if (!this.dragged && isSwipe) abort?.abort();
		};
		addEventListener('pointermove', onMove, { ...(abort && { signal: abort.signal }) });
	}

	// eslint-disable-next-line max-params -- one step of `begin`, which knows all four
	#lift(element: HTMLElement, card: Card, from: Spot, start: { x: number; y: number }): void {
		const rect = element.getBoundingClientRect();
		const grip = { x: start.x - rect.left, y: start.y - rect.top };
		this.x = rect.left;
		this.y = rect.top;
		this.to = from;
		this.dragged = { card, from, element, width: rect.width, height: rect.height, grip };
		document.getSelection()?.removeAllRanges();
		if ('vibrate' in navigator && matchMedia('(pointer: coarse)').matches) navigator.vibrate(8);
		this.#frame = requestAnimationFrame(() => this.#scrollAtEdges());
	}

	#moved(event: PointerEvent): void {
		const { dragged } = this;
		if (!dragged) return;
		event.preventDefault();
		this.x = event.clientX - dragged.grip.x;
		this.y = event.clientY - dragged.grip.y;
		this.#aim();
	}

	/** Finds the place under the dragged card's middle. */
	#aim(): void {
		const { dragged } = this;
		if (!dragged) return;
		const middle = this.x + dragged.width / 2;
		const view = nearest(this.#options.views(), middle);
		const list = view?.window.element;
		if (!view || !list) return;
		const y = this.y + dragged.height / 2 - list.getBoundingClientRect().top + list.scrollTop;
		const from = view.columnId === dragged.from.columnId ? dragged.from.index : null;
		const index = dropIndex({ tops: view.window.tops, from }, y);
		if (this.to?.columnId !== view.columnId || this.to.index !== index)
			this.to = { columnId: view.columnId, index };
	}

	#scrollAtEdges(): void {
		const { dragged } = this;
		if (!dragged) return;
		const board = this.#options.board();
		const pointer = { x: this.x + dragged.grip.x, y: this.y + dragged.grip.y };
		if (board) board.scrollLeft += edgeSpeed(pointer.x, board.getBoundingClientRect(), ['left', 'right']);
		const list = nearest(this.#options.views(), pointer.x)?.window.element;
		if (list) list.scrollTop += edgeSpeed(pointer.y, list.getBoundingClientRect(), ['top', 'bottom']);
		this.#aim();
		this.#frame = requestAnimationFrame(() => this.#scrollAtEdges());
	}

	#end(dropped: boolean): void {
		const { dragged, to } = this;
		this.#abort?.abort();
		cancelAnimationFrame(this.#frame);
		if (!dragged) return;
		const rect = new DOMRect(this.x, this.y, dragged.width, dragged.height);
		this.dragged = null;
		this.to = null;
		// The click that follows the release belongs to the drag.
		addEventListener('click', (click) => click.stopPropagation(), {
			capture: true,
			once: true,
			signal: AbortSignal.timeout(50)
		});
		this.#options.drop(dragged.card, dropped && to ? to : dragged.from, rect);
	}
}

function nearest(views: ColumnView[], x: number): ColumnView | undefined {
	let best: { view: ColumnView; distance: number } | undefined;
	for (const view of views) {
		const rect = view.window.element?.getBoundingClientRect();
		if (!rect) continue;
		const distance = Math.max(rect.left - x, x - rect.right, 0);
		if (!best || distance < best.distance) best = { view, distance };
	}
	return best?.view;
}

function edgeSpeed(at: number, rect: DOMRect, [start, end]: ['left' | 'top', 'right' | 'bottom']): number {
	const into = (distance: number) => Math.min(1, Math.max(0, 1 - distance / EDGE)) ** 2 * EDGE_SPEED;
	return into(rect[end] - at) - into(at - rect[start]);
}
