// Signals to the pages of one user or one connection, on any process, and questions that such a page answers. A page that
// listens reads channels of its own, whose topics the server derives; so nobody hears what is meant for somebody else.

import { FIXED_LIMITS } from '../protocol/limits.ts';
import { SIGNALS } from '../protocol/signals.ts';
import { encodeEventBody, type EventBody } from '../protocol/stream.ts';
import { encodeTopic, type TopicName, type TopicParts } from '../protocol/topic.ts';
import type { Backplane } from './backplane.ts';
import { userIdOf } from './identity.ts';
import type { Messenger, Question } from './processes/messenger.ts';
import type { User } from './session.ts';

/** Who is meant: a user by the `id` of the session's user, on all pages, or one page by `ctx.connection.id`. */
export type SignalTarget = string | number | { readonly user: string | number } | { readonly connection: string };

export interface RequestOptions {
	/** How long to wait for the answer, in milliseconds. @default 10000 */
	timeoutMs?: number;
}

/** Sends an event to the pages of a user, or to one page. At most once; a page that is not connected misses it. */
export type Signal<Result> = (target: SignalTarget, event: string, data?: unknown) => Result;

/**
 * Asks the pages of a user, or one page; the first answer counts.
 * @throws {LiveError} TIMEOUT where none has answered in time; what the page's handler refused with; UNAVAILABLE
 */
// oxlint-disable-next-line max-params -- what an author writes
export type AskPage = (
	target: SignalTarget,
	event: string,
	data?: unknown,
	options?: RequestOptions
) => Promise<unknown>;

const REQUEST_TIMEOUT_MS = 10_000;

/** What signals need of the server. */
export interface SignalParts {
	readonly backplane: Pick<Backplane, 'broadcast'>;
	readonly process: { readonly messenger: Messenger };
}

/** What sends signals from this server. It resolves when the signal is on its way. */
export function signalOf(parts: SignalParts): Signal<Promise<void>> {
	return async (target, event, data) => {
		assertName(event);
		await post(parts, target, encodeEventBody(event, data));
	};
}

/** What asks pages from this server. */
export function requestOf(parts: SignalParts): AskPage {
	// oxlint-disable-next-line max-params -- what an author writes
	return async (target, event, data, { timeoutMs = REQUEST_TIMEOUT_MS } = {}) => {
		assertName(event);
		const ask = ({ id, process }: Question): Promise<void> =>
			post(parts, target, encodeEventBody(SIGNALS.question, [id, process, event, data]));
		return parts.process.messenger.ask(ask, { whom: JSON.stringify(target), timeoutMs });
	};
}

function assertName(event: string): void {
	const { eventLength } = FIXED_LIMITS;
	if (event.length > 0 && event.length <= eventLength && !event.startsWith(SIGNALS.question)) return;
	const rule = `1 to ${eventLength} characters that do not begin with "${SIGNALS.question}"`;
	throw new TypeError(`the name of a signal must be ${rule}, not "${event.slice(0, 32)}"`);
}

async function post({ backplane }: SignalParts, target: SignalTarget, body: EventBody): Promise<void> {
	await backplane.broadcast(topicOf(target), body, null);
}

function topicOf(target: SignalTarget): TopicName {
	if (typeof target !== 'object') return encodeTopic(userTopic(target));
	return encodeTopic('user' in target ? userTopic(target.user) : connectionTopic(target.connection));
}

/** Numbers and strings are different users. */
const userTopic = (id: string | number): TopicParts => [SIGNALS.topic, 'user', JSON.stringify(id)];

export const connectionTopic = (id: string): TopicParts => [SIGNALS.topic, 'connection', id];

/** What a page of this user reads; for a visitor without an identity a topic that nobody publishes to. */
export function topicOfUser(user: User | null): TopicParts {
	const id = userIdOf(user);
	return id === null ? [SIGNALS.topic, 'nobody'] : userTopic(id);
}
