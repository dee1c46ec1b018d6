// Who is connected. A session is small and serialisable, is made once from the upgrade request, and is all that handlers
// know of the identity of a caller, on every platform.

/**
 * Declares the application's own types once, for every live module:
 * `declare module 'tidewire/server' { interface Register { user: User } }`
 */
export interface Register {}

declare global {
	// The same open interface that SvelteKit declares; without Kit it stays empty.
	namespace App {
		/** Filled in by the application's app.d.ts. */
		interface Locals {}
	}
}

/** What is known of a user when the application declares no type of its own. */
export interface DefaultUser {
	id: string;
	[field: string]: unknown;
}

/** The type of `ctx.user`: what `Register` says, else what `App.Locals` says, else {@link DefaultUser}. */
export type User = UserOf<Register, App.Locals>;

/** The same for any two such declarations. */
export type UserOf<Registered, Locals> = Registered extends { user: infer Declared }
	? Declared
	: Locals extends { user?: infer Local }
		? unknown extends Local // also where there is no such field
			? DefaultUser
			: NonNullable<Local>
		: DefaultUser;

export interface Session {
	/** Who it is; null for an anonymous visitor. */
	user: User;
	/** When the session ends, in milliseconds since the Unix epoch; absent where it does not end by itself. */
	expiresAt?: number;
}
