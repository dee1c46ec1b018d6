// A board's columns and cards. Each handler writes to the database and publishes in one go, with nothing to wait for in
// between, so that whatever it acknowledges is stored and whoever watches hears of it.
import { live, LiveError } from 'tidewire/server';
import type { LiveContext } from 'tidewire/server';
import * as v from 'valibot';
import type { Card } from './model.ts';
import { LIMITS } from './model.ts';
import { cardTitle, columnName, id, place } from './schemas.ts';
import { found, mayOpen, requireBoard } from './server/access.ts';
import { announceCounts } from './server/board-list.ts';
import type { Change } from './server/cards.ts';
import { store } from './server/store.ts';

const boardId = id;

export const columns = live.stream(
	(_ctx, boardId: string) => ['board', boardId, 'columns'],
	(_ctx, boardId) => store().boards.columns(boardId),
	{ args: [id], access: mayOpen }
);

export const cards = live.stream(
	(_ctx, boardId: string) => ['board', boardId, 'cards'],
	(_ctx, boardId) => store().cards.ofBoard(boardId),
	{ args: [id], access: mayOpen }
);

export const addCard = live.validated(v.object({ boardId, id, title: cardTitle, ...place }), (ctx, input) => {
	const card = found(store().cards.add(changeBy(ctx, input.boardId), input));
	ctx.publish(cards.topic(input.boardId), 'created', card);
	announceCounts(ctx, input.boardId);
	return card;
});

export const renameCard = live.validated(v.object({ boardId, id, title: cardTitle }), (ctx, input) =>
	updated(ctx, input.boardId, store().cards.rename(changeBy(ctx, input.boardId), input))
);

export const moveCard = live.validated(v.object({ boardId, id, ...place }), (ctx, input) => {
	const card = updated(ctx, input.boardId, store().cards.move(changeBy(ctx, input.boardId), input));
	announceCounts(ctx, input.boardId);
	return card;
});

export const deleteCard = live.validated(v.object({ boardId, id }), (ctx, input) => {
	found(store().cards.delete(changeBy(ctx, input.boardId), input.id));
	ctx.publish(cards.topic(input.boardId), 'deleted', { id: input.id });
	announceCounts(ctx, input.boardId);
});

export const restoreCard = live.validated(v.object({ boardId, id }), (ctx, input) => {
	const card = found(store().cards.restore(changeBy(ctx, input.boardId), input.id));
	ctx.publish(cards.topic(input.boardId), 'created', card);
	announceCounts(ctx, input.boardId);
	return card;
});

export const addColumn = live.validated(v.object({ boardId, id, name: columnName }), (ctx, input) => {
	requireBoard(ctx, input.boardId);
	if (store().boards.columns(input.boardId).length >= LIMITS.columns) {
		throw new LiveError('TOO_MANY_COLUMNS', `A board has at most ${LIMITS.columns} columns.`);
	}
	const column = store().boards.addColumn(input.boardId, input);
	ctx.publish(columns.topic(input.boardId), 'created', column);
	return column;
});

export const renameColumn = live.validated(v.object({ boardId, id, name: columnName }), (ctx, input) => {
	requireBoard(ctx, input.boardId);
	const column = found(store().boards.renameColumn(input.boardId, input));
	ctx.publish(columns.topic(input.boardId), 'updated', column);
	return column;
});

/** Who changes what, once it is certain that they may. */
function changeBy(ctx: LiveContext, boardId: string): Change {
	requireBoard(ctx, boardId);
	return { boardId, by: ctx.user.id, now: Date.now() };
}

function updated(ctx: LiveContext, boardId: string, card: Card | undefined): Card {
	ctx.publish(cards.topic(boardId), 'updated', found(card));
	return found(card);
}
