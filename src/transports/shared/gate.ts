// Who may open a socket, the same for every transport: first what the request itself shows, then the application.

import type { Clock } from '../../base/clock.ts';
import { isPromise, type MaybePromise } from '../../base/maybe-promise.ts';
import { originRefusal } from '../../base/origin.ts';
import type { Refusal } from './options.ts';

/** What an upgrade request shows without asking anybody. */
export interface UpgradeFacts {
	method: string | undefined;
	origin: string | null | undefined;
	host: string | null | undefined;
	isEncrypted: boolean;
}

interface OriginOptions {
	origins: readonly string[];
	originCheck: 'host' | 'authorize';
}

/** Why an upgrade is refused without a question to the application; null where it has to be asked. */
export function plainRefusal(facts: UpgradeFacts, { origins, originCheck }: OriginOptions): Refusal | null {
	// The application's handler sees the request before the handshake does: it must not take it for an action.
	if (facts.method !== 'GET') return { status: 405, reason: 'A WebSocket is opened with GET.' };
	if (originCheck !== 'host') return null;
	const own = `${facts.isEncrypted ? 'https' : 'http'}://${facts.host ?? ''}`;
	const reason = originRefusal(facts.origin, { own, allowed: origins });
	return reason === null ? null : { status: 403, reason };
}

/** Asks the application. Never rejects: a function that throws or takes too long refuses. */
export async function authorizeInTime<Answer extends object>(
	authorize: () => MaybePromise<Answer | Refusal>,
	options: TimeoutOptions
): Promise<Answer | Refusal> {
	try {
		const answer = authorize();
		return isPromise(answer) ? await inTime(answer, options) : answer;
	} catch {
		return { status: 500, reason: 'Authorization failed.' };
	}
}

interface TimeoutOptions {
	clock: Clock;
	authorizeTimeoutMs: number;
}

async function inTime<Answer>(
	answer: PromiseLike<Answer | Refusal>,
	{ clock, authorizeTimeoutMs }: TimeoutOptions
): Promise<Answer | Refusal> {
	let expire: (refusal: Refusal) => void = () => {};
	const timeout = new Promise<Refusal>((resolve) => (expire = resolve));
	const reason = `Authorization took more than ${authorizeTimeoutMs} ms.`;
	const timer = clock.setTimer(() => expire({ status: 503, reason }), authorizeTimeoutMs);
	try {
		return await Promise.race([answer, timeout]);
	} finally {
		clock.clearTimer(timer);
	}
}
