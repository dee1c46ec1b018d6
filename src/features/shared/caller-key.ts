// By what somebody is known to the others, in presence and by their cursor. Only the server derives it, from the session:
// there is nothing that a client could say to be somebody else.

import type { LiveContext } from '../../server/context.ts';
import { userIdOf } from '../../server/identity.ts';

const ANONYMOUS = '~';

/** The user's id; for a visitor without one the connection's. No user has the key of a visitor, whatever their id is. */
export function callerKey(context: LiveContext): string {
	const id = userIdOf(context.user);
	if (id === null) return ANONYMOUS + context.connection.id;
	const key = String(id);
	return key.startsWith(ANONYMOUS) ? ANONYMOUS + key : key;
}
