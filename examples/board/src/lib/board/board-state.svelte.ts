// One board as its page sees it: the live lists, grouped for showing, and everything that can be done to them. Each
// action shows at once; where the server refuses it, it is taken back and the reason is said.
import {
	addCard,
	addColumn,
	cards,
	columns,
	deleteCard,
	moveCard,
	renameCard,
	renameColumn,
	restoreCard
} from '#lib/board.live.ts';
import { FilesState } from '../files/files-state.svelte.ts';
import type { BoardSummary, Card, Column, Person } from '../model.ts';
import { newId } from '../model.ts';
import { byRank, rankBetween } from '../rank.ts';
import { toasts } from '../ui/toasts.svelte.ts';
import { wordsFor } from '../ui/words.ts';
import { createDiff, createGrouping } from './group.ts';

export interface BoardData {
	user: Person;
	board: BoardSummary;
	columns: Parameters<ReturnType<typeof columns>['hydrate']>[0];
	cards: Parameters<ReturnType<typeof cards>['hydrate']>[0];
	attachments: ConstructorParameters<typeof FilesState>[1];
}

const NONE: readonly Card[] = [];

export class BoardState {
	readonly id: string;
	readonly user: Person;
	readonly cards: ReturnType<typeof cards>;
	readonly files: FilesState;
	readonly columnList: ReturnType<typeof columns>;
	/** Only cards that contain it are shown. */
	filter = $state('');

	readonly columns: readonly Column[] = $derived.by(() => (this.columnList.current ?? []).toSorted(byRank));
	readonly total = $derived.by(() => this.cards.current?.length ?? 0);
	readonly #group = createGrouping();
	readonly #groups = $derived.by(() => this.#group(this.#filtered(this.cards.current ?? [])));
	readonly #diff = createDiff();

	constructor(data: BoardData) {
		this.id = data.board.id;
		this.user = data.user;
		this.cards = cards(this.id).hydrate(data.cards);
		this.files = new FilesState(this.id, data.attachments);
		this.columnList = columns(this.id).hydrate(data.columns);
	}

	/** The cards of a column in order: the same array until something in this column changes. */
	cardsOf(columnId: string): readonly Card[] {
		return this.#groups.get(columnId) ?? NONE;
	}

	/** What changed since this was last asked. Reactive. */
	changes(): Card[] {
		return this.#diff(this.cards.current ?? []);
	}

	add(columnId: string, title: string, afterId: string | null = null): void {
		const id = newId();
		const rank = this.#rankBehind(columnId, afterId, id);
		const card = { id, columnId, title, rank, ref: null, date: null, by: this.user.id, changedAt: Date.now() };
		const input = { boardId: this.id, id, title, columnId, afterId };
		this.#attempt(
			'add the card',
			this.cards.mutate('created', card, () => addCard(input))
		);
	}

	rename(card: Card, title: string): void {
		const next = { ...card, title, by: this.user.id, changedAt: Date.now() };
		const run = () => renameCard({ boardId: this.id, id: card.id, title });
		this.#attempt('save the card', this.cards.mutate('updated', next, run));
	}

	/** Moves a card to an index of a column, counted without the card itself. */
	move(card: Card, columnId: string, index: number): void {
		const others = this.cardsOf(columnId).filter((other) => other.id !== card.id);
		const afterId = others[Math.min(index, others.length) - 1]?.id ?? null;
		const isThere = card.columnId === columnId && this.cardsOf(columnId).indexOf(card) === index;
		if (isThere) return;
		const rank = this.#rankBehind(columnId, afterId, card.id);
		const next = { ...card, columnId, rank, by: this.user.id, changedAt: Date.now() };
		const run = () => moveCard({ boardId: this.id, id: card.id, columnId, afterId });
		this.#attempt('move the card', this.cards.mutate('updated', next, run));
	}

	delete(card: Card): void {
		const run = () => deleteCard({ boardId: this.id, id: card.id });
		const done = this.cards.mutate('deleted', { id: card.id }, run);
		this.#attempt('delete the card', done);
		toasts.show('Card deleted', { action: { label: 'Undo', run: () => this.#restore(card, done) } });
	}

	addColumn(name: string): void {
		const id = newId();
		const rank = rankBetween(this.columns.at(-1)?.rank ?? null, null);
		const run = () => addColumn({ boardId: this.id, id, name });
		this.#attempt('add the column', this.columnList.mutate('created', { id, name, rank }, run));
	}

	renameColumn(column: Column, name: string): void {
		const run = () => renameColumn({ boardId: this.id, id: column.id, name });
		this.#attempt('rename the column', this.columnList.mutate('updated', { ...column, name }, run));
	}

	#restore(card: Card, deleted: Promise<unknown>): void {
		const run = async () => {
			await deleted;
			return restoreCard({ boardId: this.id, id: card.id });
		};
		this.#attempt('bring the card back', this.cards.mutate('created', card, run));
	}

	#rankBehind(columnId: string, afterId: string | null, id: string): string {
		const all = (this.cards.current ?? [])
			.filter((card) => card.columnId === columnId && card.id !== id)
			.toSorted(byRank);
		const index = all.findIndex((card) => card.id === afterId);
		return rankBetween(all[index]?.rank ?? null, all[index + 1]?.rank ?? null);
	}

	#filtered(all: readonly Card[]): readonly Card[] {
		const words = this.filter.trim().toLowerCase();
		if (!words) return all;
		return all.filter((card) => card.title.toLowerCase().includes(words) || card.ref?.includes(words));
	}

	#attempt(what: string, attempt: Promise<unknown>): void {
		attempt.catch((error: unknown) => {
			toasts.show(`Could not ${what}. ${wordsFor(error)}`, { kind: 'problem' });
		});
	}
}
