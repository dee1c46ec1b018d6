// Changes of a board that its feed tells of. What is changed and what is told are stored together: both or neither.
import type { LiveContext } from 'tidewire/server';
import { activity } from '../activity.live.ts';
import { newId } from '../model.ts';
import { requireBoard } from './access.ts';
import type { NewActivity } from './activities.ts';
import type { Change } from './cards.ts';
import { store } from './store.ts';

/** What was done, to what. */
export type Told = Pick<NewActivity, 'deed' | 'title'> & Partial<Pick<NewActivity, 'detail' | 'cardId' | 'columnId'>>;

/**
 * Runs a change by somebody who may make it. Whatever the change tells goes to the feed.
 * @throws {LiveError} FORBIDDEN for a board that is not the caller's to change
 */
export function recorded<Result>(
	ctx: LiveContext,
	boardId: string,
	change: (by: Change, tell: (told: Told) => void) => Result
): Result {
	requireBoard(ctx, boardId);
	const by: Change = { boardId, by: ctx.user.id, now: Date.now() };
	const all: NewActivity[] = [];
	const nothing = { detail: null, cardId: null, columnId: null };
	const tell = (told: Told) =>
		void all.push({
			...nothing,
			...told,
			id: newId(),
			at: by.now,
			person: { id: ctx.user.id, name: ctx.user.name }
		});
	const result = store().transaction(() => {
		const made = change(by, tell);
		for (const deed of all) store().activities.add(boardId, deed);
		return made;
	});
	for (const { cardId: _card, columnId: _column, ...deed } of all) ctx.publish(activity.topic(boardId), 'done', deed);
	return result;
}
