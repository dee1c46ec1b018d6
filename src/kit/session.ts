// Who is behind a request, as src/hooks.live.ts says. Invariant: in production an app either has a session or says that
// anybody may connect.

import type { MaybePromise } from '../base/maybe-promise.ts';
import type { LiveConfig, SessionSource } from '../server/config.ts';
import type { Session, User } from '../server/session.ts';

export type SessionReader = (source: SessionSource) => MaybePromise<Session | null>;

/** Nobody in particular: what `anonymous` lets in. `ctx.user` is null, whatever the type of users is. */
const VISITOR: Session = { user: null as unknown as User };

const HOW =
	`In src/hooks.live.ts:\n\n\timport { defineLive } from 'tidewire/server';\n\n\texport default defineLive({\n` +
	`\t\tsession: ({ locals }) => locals.user && { user: locals.user }\n\t\t// or, where everybody may connect: anonymous: true\n\t});\n`;

/**
 * @param warn told once, where development makes an assumption that production does not make
 * @throws {Error} in production, where the app has decided nothing
 */
export function sessionReader(
	config: LiveConfig,
	isDevelopment: boolean,
	warn: (message: string) => void
): SessionReader {
	const nobody = config.anonymous === true ? VISITOR : null;
	const { session } = config;
	if (session) return async (source) => checked(await session(source)) ?? nobody;
	if (config.anonymous === true) return () => VISITOR;
	if (!isDevelopment) throw new Error(`tidewire: the app does not say who its users are. ${HOW}`);
	warn(
		`tidewire: the app does not say who its users are: \`locals.user\` is used, and production will not start. ${HOW}`
	);
	return ({ locals }) => {
		const { user } = locals as { user?: User | null };
		return user ? { user } : null;
	};
}

function checked(session: unknown): Session | null {
	if (session === null || session === undefined || session === false) return null;
	if (typeof session === 'object' && 'user' in session) return session as Session;
	throw new TypeError(
		'tidewire: `session` in src/hooks.live.ts must return { user }, or nothing where nobody is signed in'
	);
}
