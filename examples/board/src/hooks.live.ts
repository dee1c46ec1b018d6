import { defineLive } from 'tidewire/server';
import { chooseBackplane } from '#lib/server/backplane.ts';

export default defineLive({
	session: ({ locals: { user, sessionEndsAt } }) =>
		user && { user, ...(sessionEndsAt && { expiresAt: sessionEndsAt }) },
	backplane: chooseBackplane()
});
