import { defineLive } from 'tidewire/server';
import { sqlite } from 'tidewire/sqlite';
import { liveFile } from '#lib/server/store.ts';

export default defineLive({
	session: ({ locals: { user, sessionEndsAt } }) =>
		user && { user, ...(sessionEndsAt && { expiresAt: sessionEndsAt }) },
	backplane: sqlite(liveFile())
});
