// The connections of a process, all of them and those of each user.

import { idOfUser } from './identity.ts';
import type { LiveConnection } from './live-connection.ts';
import type { Session } from './session.ts';

export class ConnectionList {
	readonly #all = new Set<LiveConnection>();
	readonly #ofUser = new Map<unknown, Set<LiveConnection>>();

	get all(): ReadonlySet<LiveConnection> {
		return this.#all;
	}

	/** A copy: ending a connection removes it. Visitors without an identity are not told apart, and none are given. */
	of(userId: unknown): LiveConnection[] {
		return [...(this.#ofUser.get(userId) ?? [])];
	}

	/** How many the user of a session has; 0 for a visitor without an identity. */
	count(session: Session): number {
		return this.#ofUser.get(idOfUser(session.user))?.size ?? 0;
	}

	add(connection: LiveConnection): void {
		this.#all.add(connection);
		const key = idOfUser(connection.session.user);
		if (key === null) return;
		const connections = this.#ofUser.get(key);
		if (connections) connections.add(connection);
		else this.#ofUser.set(key, new Set([connection]));
	}

	remove(connection: LiveConnection): void {
		this.#all.delete(connection);
		const key = idOfUser(connection.session.user);
		const ofUser = this.#ofUser.get(key);
		if (ofUser?.delete(connection) && ofUser.size === 0) this.#ofUser.delete(key);
	}
}
