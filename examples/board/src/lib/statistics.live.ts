// What a board comes to in figures: counted anew, once for everybody, when something of it has changed.
import { live } from 'tidewire/server';
import { cards, columns } from './board.live.ts';
import { messages } from './chat.live.ts';
import { spanOfDay } from './activity/digest.ts';
import type { Statistics } from './model.ts';
import { id } from './schemas.ts';
import { mayOpen } from './server/access.ts';
import { store } from './server/store.ts';

const SHOWN_PEOPLE = 3;

/** The day, in UTC. A source of the statistics, because at midnight today's figures begin anew. */
export const today = live.cron('0 0 * * *', 'today', ({ scheduledAt }) => scheduledAt.getTime());

export const statistics = live.derived(
	(boardId: string) => [columns.topic(boardId), cards.topic(boardId), messages.topic(boardId), 'today'],
	(_ctx, boardId): Statistics => {
		const span = spanOfDay(Date.now());
		return {
			columns: store().boards.summary(boardId)?.columns ?? [],
			today: store().activities.tally(boardId, span),
			active: store().activities.mostActive(boardId, span, SHOWN_PEOPLE)
		};
	},
	{ debounce: 150, maxWait: 1000, args: [id], access: mayOpen }
);
