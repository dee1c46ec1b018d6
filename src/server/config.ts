// The application's configuration: the default export of src/hooks.live.ts.

import type { MaybePromise } from '../base/maybe-promise.ts';
import { assertOptions } from '../base/options.ts';
import type { Limits } from '../protocol/limits.ts';
import type { AdmissionOptions } from './admission.ts';
import type { Backplane } from './backplane.ts';
import type { ErrorHook } from './failure.ts';
import type { Observer } from './observer.ts';
import type { Session } from './session.ts';
import type { OnUnhandled } from './signals-module.ts';

/** The part of SvelteKit's RequestEvent that tells who asks. */
export interface SessionSource {
	locals: App.Locals;
	request: Request;
	url: URL;
	cookies: { get(name: string): string | undefined };
}

export interface LiveConfig extends AdmissionOptions {
	/**
	 * Who is behind an upgrade request, after the application's own `handle` has run. A falsy value means nobody: the
	 * connection is refused with UNAUTHORIZED, unless `anonymous` is set.
	 * @default `locals.user` in development; production asks for a decision
	 */
	session?: (source: SessionSource) => MaybePromise<Session | null | undefined | false>;
	/** Whether visitors without a session may connect, with `ctx.user` null. @default false */
	anonymous?: boolean;
	/** What joins the processes and keeps the history. @default memory: one process, no history across restarts */
	backplane?: Backplane;
	/** Overrides of the limits in PROTOCOL.md. */
	limits?: Partial<Limits>;
	/** Origins besides the application's own whose pages may connect, for example `https://app.example.com`. @default [] */
	origins?: string[];
	/** Where the socket connects. @default '/__live' */
	path?: string;
	/** Told of every error that a client sees only as INTERNAL. @default prints it */
	onError?: ErrorHook;
	/** Takes messages that pages send with `sendMessage`. @default they are refused, which `onError` is told */
	onUnhandled?: OnUnhandled;
	/** Told of what the server does: `metrics()` of `tidewire/metrics`, for example. */
	observer?: Observer | readonly Observer[];
	/** How long running calls may take to finish at shutdown, in milliseconds. @default 10000 */
	drainMs?: number;
}

export const DEFAULT_PATH = '/__live';

const OPTIONS = {
	session: true,
	anonymous: true,
	backplane: true,
	limits: true,
	origins: true,
	path: true,
	rateLimit: true,
	overload: true,
	onError: true,
	onUnhandled: true,
	observer: true,
	drainMs: true
} satisfies Record<keyof LiveConfig, true>;

/**
 * Gives the configuration its type.
 * @throws {TypeError} where it has an option that is not known
 */
export function defineLive(config: LiveConfig): LiveConfig {
	assertOptions(config, OPTIONS, 'defineLive');
	return config;
}
