// The chat beside a board.
import { live } from 'tidewire/server';
import * as v from 'valibot';
import { LIMITS } from './model.ts';
import { id, messageText } from './schemas.ts';
import { found, mayOpen, requireBoard } from './server/access.ts';
import { store } from './server/store.ts';

/** The last messages and all that follow. */
export const messages = live.stream(
	(_ctx, boardId: string) => ['board', boardId, 'messages'],
	(_ctx, boardId) => store().messages.latest(boardId, LIMITS.historyPage),
	{ args: [id], access: mayOpen }
);

const seq = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const pageSize = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(LIMITS.historyPage));

/** The messages before a position, oldest first; fewer than `limit` at the beginning of the history. */
// eslint-disable-next-line max-params -- the context, and three arguments of the query
export const history = live.query([id, seq, pageSize], (ctx, boardId, before, limit) => {
	requireBoard(ctx, boardId);
	return store().messages.page(boardId, before, limit);
});

export const say = live.validated(v.object({ boardId: id, id, text: messageText }), (ctx, input) => {
	requireBoard(ctx, input.boardId);
	const message = found(store().messages.add(input.boardId, ctx.user, { ...input, at: Date.now() }));
	ctx.publish(messages.topic(input.boardId), 'created', message);
	return message;
});
