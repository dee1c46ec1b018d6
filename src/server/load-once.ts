// A stream's value without a connection, for rendering on the server: the same guards, the same access rule, and the
// position from which the browser's socket goes on, so that hydration needs no second load.

import { LiveError } from '../base/errors.ts';
import { initialValue } from '../base/merge.ts';
import type { LiveSnapshot } from '../base/surface.ts';
import { encodeTopic } from '../protocol/topic.ts';
import { HandlerContext } from './context.ts';
import type { StreamDefinition } from './definition.ts';
import { clientError } from './failure.ts';
import { invoke, notLetThrough } from './invoke.ts';
import { notFound } from './refusal.ts';
import type { ServerParts } from './server-parts.ts';
import type { Session } from './session.ts';
import type { HostedContext } from './stream-host.ts';
import { topicOfStream } from './stream-topic.ts';
import { withTimeout } from './timeout.ts';
import { viewOnce } from './views/view-once.ts';

export interface LoadRequest {
	path: string;
	session: Session;
	args: unknown[];
}

/** No socket, and no name that presence could mistake for one. */
export const RENDERER = { id: 'ssr', remoteAddress: undefined };

export async function loadOnce(
	parts: ServerParts,
	{ path, session, args }: LoadRequest
): Promise<LiveSnapshot<unknown>> {
	const registered = parts.registry.get(path);
	if (registered?.definition.kind !== 'stream') throw notFound(path);
	const definition = registered.definition;
	const context = new HandlerContext(path, { session, connection: RENDERER }, parts);
	const invocation = { registered, middleware: parts.registry.middleware, context, args };
	let loaded: LiveSnapshot<unknown> | undefined;
	const load = (): unknown =>
		invoke(invocation, async (_, ...valid) => (loaded = await snapshot(parts, definition, context, valid)));
	try {
		const deadline = { clock: parts.clock, limitMs: parts.limits.callTimeoutMs, what: path };
		await withTimeout(Promise.resolve().then(load), deadline);
		if (loaded === undefined) throw notLetThrough(path);
		return loaded;
	} catch (error) {
		context.abort(error);
		throw clientError(error, context, parts.onError);
	}
}

// oxlint-disable-next-line max-params -- what invoke gives, beside what the request is about
async function snapshot(
	parts: ServerParts,
	definition: StreamDefinition,
	context: HostedContext,
	args: unknown[]
): Promise<LiveSnapshot<unknown>> {
	const { gate, view, load, merge, ephemeral } = definition;
	if (gate && !(await gate(context, ...args))) return { value: undefined, position: null, merge };
	const allowed = definition.access === null || (await definition.access(context, ...args));
	if (!allowed) throw new LiveError('FORBIDDEN', `access to "${context.path}" is denied`);
	const name = encodeTopic(await topicOfStream(definition, context, args));
	// Before the load: what happens meanwhile is in the log behind this position.
	const position = ephemeral ? null : await parts.backplane.head(name);
	const run = (): unknown => (load ? load(context, ...args) : initialValue(merge));
	const span = parts.observer?.span;
	const value = await (span === undefined ? run() : span('load', context.path, run));
	if (!view) return { value, position, merge };
	return viewOnce({ parts, definition: { ...definition, view }, context, value, position });
}
