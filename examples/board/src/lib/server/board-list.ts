// Tells the lists of boards that a board is new or has changed.
import { publish } from 'tidewire/server';
import type { LiveContext } from 'tidewire/server';
import type { BoardSummary } from '../model.ts';
import { openBoards, privateBoards } from '../boards.live.ts';
import { store } from './store.ts';

/** Counts are shown on the list of boards only, where a second's delay hurts nobody. */
const COUNTS_MS = 1000;

export async function announceBoard(boardId: string): Promise<void> {
	const summary = store().boards.summary(boardId);
	if (summary) await publish(listOf(summary), 'created', summary);
}

export function announceCounts(ctx: LiveContext, boardId: string): void {
	const summary = store().boards.summary(boardId);
	if (summary) ctx.throttle(listOf(summary), 'updated', summary, COUNTS_MS);
}

/** A private board is in its owner's list alone. */
function listOf({ open, ownerId }: BoardSummary) {
	return open ? openBoards.topic() : privateBoards.topicFor({ user: { id: ownerId ?? '', name: '' } });
}
