// How long the client waits for the server.

import type { Timer } from '../base/clock.ts';
import type { LiveError } from '../base/errors.ts';
import type { ExtensionHost } from './extension.ts';
import { failure } from './failure.ts';

/** For a connection, and then for an answer: a little longer than the server takes for a call, in milliseconds. */
export function patienceMs({ link, settings }: Pick<ExtensionHost, 'link' | 'settings'>): number {
	return link.limits.callTimeoutMs + settings.answerMarginMs;
}

/** Sets a timer, in place of `timer`, for what cannot be sent before there is a connection. */
export function awaitConnection(host: ExtensionHost, timer: Timer, giveUp: (error: LiveError) => void): Timer {
	const limitMs = patienceMs(host);
	return host.updates.after(limitMs, timer, () =>
		giveUp(failure('UNAVAILABLE', `no connection within ${limitMs} ms`, host.link.status.error))
	);
}
