// A board's columns and cards. Each handler writes to the database and publishes in one go, with nothing to wait for in
// between, so that whatever it acknowledges is stored and whoever watches hears of it.
import { live, LiveError } from 'tidewire/server';
import * as v from 'valibot';
import { LIMITS } from './model.ts';
import { cardTitle, columnName, id, place } from './schemas.ts';
import { found, mayOpen } from './server/access.ts';
import { announceCounts } from './server/board-list.ts';
import { recorded } from './server/recorded.ts';
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
	const card = recorded(ctx, input.boardId, (by, tell) => {
		const added = found(store().cards.add(by, input));
		tell({ deed: 'added', title: added.title, ...placeOf(by.boardId, added) });
		return added;
	});
	ctx.publish(cards.topic(input.boardId), 'created', card);
	announceCounts(ctx, input.boardId);
	return card;
});

export const renameCard = live.validated(v.object({ boardId, id, title: cardTitle }), (ctx, input) => {
	const card = recorded(ctx, input.boardId, (by, tell) => {
		const before = store().cards.find(by.boardId, input.id);
		const renamed = found(store().cards.rename(by, input));
		if (before && before.title !== renamed.title) {
			tell({ deed: 'renamed', title: before.title, detail: renamed.title, cardId: renamed.id });
		}
		return renamed;
	});
	ctx.publish(cards.topic(input.boardId), 'updated', card);
	return card;
});

export const moveCard = live.validated(v.object({ boardId, id, ...place }), (ctx, input) => {
	const card = recorded(ctx, input.boardId, (by, tell) => {
		const before = store().cards.find(by.boardId, input.id);
		const moved = found(store().cards.move(by, input));
		// Within a column people only tidy up.
		if (before?.columnId !== moved.columnId) {
			tell({ deed: 'moved', title: moved.title, ...placeOf(by.boardId, moved) });
		}
		return moved;
	});
	ctx.publish(cards.topic(input.boardId), 'updated', card);
	announceCounts(ctx, input.boardId);
	return card;
});

export const deleteCard = live.validated(v.object({ boardId, id }), (ctx, input) => {
	recorded(ctx, input.boardId, (by, tell) => {
		const { title } = found(store().cards.delete(by, input.id));
		tell({ deed: 'deleted', title, cardId: input.id });
	});
	ctx.publish(cards.topic(input.boardId), 'deleted', { id: input.id });
	announceCounts(ctx, input.boardId);
});

export const restoreCard = live.validated(v.object({ boardId, id }), (ctx, input) => {
	const card = recorded(ctx, input.boardId, (by, tell) => {
		const restored = found(store().cards.restore(by, input.id));
		tell({ deed: 'restored', title: restored.title, cardId: restored.id });
		return restored;
	});
	ctx.publish(cards.topic(input.boardId), 'created', card);
	announceCounts(ctx, input.boardId);
	return card;
});

export const addColumn = live.validated(v.object({ boardId, id, name: columnName }), (ctx, input) => {
	const column = recorded(ctx, input.boardId, (by, tell) => {
		if (store().boards.columns(by.boardId).length >= LIMITS.columns) {
			throw new LiveError('TOO_MANY_COLUMNS', `A board has at most ${LIMITS.columns} columns.`);
		}
		tell({ deed: 'added-column', title: input.name });
		return store().boards.addColumn(by.boardId, input);
	});
	ctx.publish(columns.topic(input.boardId), 'created', column);
	return column;
});

export const renameColumn = live.validated(v.object({ boardId, id, name: columnName }), (ctx, input) => {
	const column = recorded(ctx, input.boardId, (by, tell) => {
		const before = found(store().boards.column(by.boardId, input.id));
		tell({ deed: 'renamed-column', title: before.name, detail: input.name });
		return found(store().boards.renameColumn(by.boardId, input));
	});
	ctx.publish(columns.topic(input.boardId), 'updated', column);
	return column;
});

/** Where a card is now, for the feed and those who count. */
function placeOf(boardId: string, card: { id: string; columnId: string }) {
	const column = store().boards.column(boardId, card.columnId);
	return { detail: column?.name ?? null, cardId: card.id, columnId: card.columnId };
}
