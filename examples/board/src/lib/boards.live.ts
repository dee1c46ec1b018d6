import { live } from 'tidewire/server';
import { store } from './server/store.ts';

/** The boards that everyone may open. */
export const openBoards = live.stream(['boards'], () => store().boards.open(), { prepend: true });

/** The boards that only the caller may open: a topic of their own, so that nobody else hears of them. */
export const privateBoards = live.stream(
	(ctx) => ['boards', ctx.user.id],
	(ctx) => store().boards.privateOf(ctx.user.id),
	{ prepend: true }
);
