// Who a session is about, as far as the server minds: the `id` that the application gave its user.

/** The id of a user, whatever it is; null for a visitor without an identity. */
export function idOfUser(user: unknown): unknown {
	const id: unknown = (user as { id?: unknown } | null | undefined)?.id;
	return id ?? null;
}

/** The same, where it can be written as a name; null where it is neither text nor a number. */
export function userIdOf(user: unknown): string | number | null {
	const id = idOfUser(user);
	return typeof id === 'string' || typeof id === 'number' ? id : null;
}

/** Whom a limit counts by; visitors without an identity by their address. */
export type CountedBy = 'connection' | 'user' | 'address';

/** Somebody who asks: a context is one. */
interface Counted {
	readonly user: unknown;
	readonly connection: { readonly id: string; readonly remoteAddress: string | undefined };
}

/** What names the same for all that is counted together. */
export function countedAs({ user, connection }: Counted, by: CountedBy): string {
	const id = userIdOf(user);
	if (by === 'user' && id !== null) return `user ${JSON.stringify(id)}`;
	const { remoteAddress } = connection;
	if (by === 'connection' || remoteAddress === undefined) return `connection ${connection.id}`;
	return `address ${remoteAddress}`;
}
