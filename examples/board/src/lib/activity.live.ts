// What happened on a board: a feed of what people did, and each morning the day before in one sentence.
import { live, publish } from 'tidewire/server';
import { dayName, digestText, spanOfDay } from './activity/digest.ts';
import { LIMITS } from './model.ts';
import { id } from './schemas.ts';
import { mayOpen } from './server/access.ts';
import { store } from './server/store.ts';

const DAY_MS = 86_400_000;

/** The last deeds, oldest first. */
export const activity = live.stream(
	(_ctx, boardId: string) => ['board', boardId, 'activity'],
	(_ctx, boardId) => store().activities.latest(boardId, LIMITS.activity),
	{ merge: 'latest', max: LIMITS.activity, args: [id], access: mayOpen }
);

/** The last day on which something happened and that is over. */
export const digest = live.stream(
	(_ctx, boardId: string) => ['board', boardId, 'digest'],
	(_ctx, boardId) => store().digests.latest(boardId),
	{ merge: 'set', args: [id], access: mayOpen }
);

/** When digests are written, in UTC. Tests do not wait for a morning. */
const SCHEDULE = process.env['DIGEST_SCHEDULE'] || '0 7 * * *';

/** A run that was killed is made again, because it writes the same; one that was missed is made up for the same day. */
export const writeDigests = live.cron(
	SCHEDULE,
	async ({ scheduledAt }) => {
		const yesterday = spanOfDay(scheduledAt.getTime() - DAY_MS);
		for (const boardId of store().activities.boardsWithin(yesterday)) {
			const text = digestText(store().activities.tally(boardId, yesterday));
			const written = { day: dayName(yesterday.from), text };
			store().digests.write(boardId, written);
			await publish(digest.topic(boardId), 'set', written);
		}
	},
	{ repeatInterrupted: true, catchUpMs: DAY_MS }
);
