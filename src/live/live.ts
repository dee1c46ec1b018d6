// The names that live modules use.

import type { MaybePromise } from '../base/maybe-promise.ts';
import { priority } from '../features/limits/priority.ts';
import { rateLimit } from '../features/limits/rate-limit.ts';
import { aggregate } from '../features/aggregate/define-aggregate.ts';
import { cron } from '../features/cron/define-cron.ts';
import { derived } from '../features/derived/define-derived.ts';
import { effect } from '../features/effect/define-effect.ts';
import { cursors } from '../features/cursors/cursors.ts';
import { group } from '../features/groups/group.ts';
import { lock } from '../features/lock.ts';
import { presence } from '../features/presence/presence.ts';
import { room } from '../features/rooms/room.ts';
import { download } from '../features/generate/download.ts';
import { generate } from '../features/generate/generate.ts';
import { gate } from '../features/gate.ts';
import { signal as liveSignal } from '../features/signal.ts';
import { binary, upload } from '../features/upload/define-upload.ts';
import { volatile } from '../features/volatile.ts';
import { webhook } from '../features/webhooks/webhook.ts';
import { access } from '../server/access.ts';
import type { LiveContext } from '../server/context.ts';
import { define, type Guard, type Middleware } from '../server/definition.ts';
import { call, idempotent, query, validated } from '../server/define-call.ts';
import { channel, stream } from '../server/define-stream.ts';
import type { Publish } from '../server/publish.ts';
import { runtime } from '../server/runtime.ts';
import { requestOf, signalOf, type AskPage, type Signal } from '../server/signals.ts';
import type { TopicLike } from '../server/topic.ts';

/** Wraps every call and every opening of a stream in the application, in the order of declaration. */
function middleware(wrap: Middleware): void {
	runtime().declareMiddleware(wrap);
}

export const live = Object.assign(call, {
	validated,
	query,
	idempotent,
	binary,
	upload,
	generate,
	download,
	volatile,
	stream,
	channel,
	presence,
	cursors,
	room,
	group,
	gate,
	signal: liveSignal,
	derived,
	aggregate,
	effect,
	cron,
	webhook,
	rateLimit,
	priority,
	lock,
	middleware,
	access
});

/** What a module exports as `_guard`. */
export interface ModuleGuard {
	readonly guards: readonly Guard[];
}

/** Runs before every function of a module that exports it as `_guard`: each in turn, until one throws. */
export function guard(...guards: ((context: LiveContext) => MaybePromise<unknown>)[]): ModuleGuard {
	return define({ guards }, { kind: 'guard', guards });
}

/**
 * Publishes from outside a handler. Resolves when the event is in the log.
 * @throws {LiveError} UNAVAILABLE where the log cannot be written
 */
export const publish: Publish<Promise<void>> = async (
	topic: TopicLike,
	event: string,
	data?: unknown
): Promise<void> => {
	await runtime().started.publisher.publish(topic, event, data);
};

/**
 * Ends the connections of a user, on this process at once and on every other one within a second: they connect again, and
 * are asked who they are. Resolves when the other processes will hear of it.
 * @param userId the `id` of the session's user
 * @throws {LiveError} UNAVAILABLE where the other processes cannot be told
 */
export function revoke(userId: string | number): Promise<void> {
	return runtime().started.revoke(userId);
}

/** `ctx.signal` from outside a handler. Resolves when the signal is on its way. */
export const signal: Signal<Promise<void>> = (target, event, data) =>
	signalOf(runtime().started.host)(target, event, data);

/** `ctx.request` from outside a handler. */
// oxlint-disable-next-line max-params -- what an author writes
export const request: AskPage = (target, event, data, options) =>
	requestOf(runtime().started.host)(target, event, data, options);
