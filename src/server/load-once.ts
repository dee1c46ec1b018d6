// A stream's value without a connection, for rendering on the server: the same guards, the same access rule, and the
// position from which the browser's socket goes on, so that hydration needs no second load.

import { LiveError } from '../base/errors.ts';
import type { LiveSnapshot } from '../base/surface.ts';
import type { Position } from '../protocol/position.ts';
import { encodeTopic } from '../protocol/topic.ts';
import { HandlerContext } from './context.ts';
import { clientError } from './failure.ts';
import { invoke, notLetThrough } from './invoke.ts';
import { loadValue } from './load-value.ts';
import { cursorTextOf } from './page.ts';
import { notFound } from './refusal.ts';
import type { ServerParts } from './server-parts.ts';
import type { Session } from './session.ts';
import type { HostedContext } from './stream-host.ts';
import type { RegisteredStream } from './stream.ts';
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

interface Load {
	readonly registered: RegisteredStream;
	readonly context: HostedContext;
	readonly args: unknown[];
	/** Whether the rows of a further page are wanted: those of a value that is somewhere already. */
	readonly isPage?: boolean;
}

export async function loadOnce(
	parts: ServerParts,
	{ path, session, args }: LoadRequest
): Promise<LiveSnapshot<unknown>> {
	const registered = parts.registry.get(path);
	if (registered?.definition.kind !== 'stream') throw notFound(path);
	const context = new HandlerContext(path, { session, connection: RENDERER }, parts);
	return loadFor(parts, { registered: registered as RegisteredStream, context, args });
}

/** @throws {LiveError} */
export async function loadFor(parts: ServerParts, request: Load): Promise<LiveSnapshot<unknown>> {
	const { registered, context, args } = request;
	const { path } = context;
	const invocation = { registered, middleware: parts.registry.middleware, context, args };
	let loaded: LiveSnapshot<unknown> | undefined;
	const load = (): unknown =>
		invoke(invocation, async (_, ...valid) => (loaded = await snapshot(parts, { ...request, args: valid })));
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

async function snapshot(parts: ServerParts, load: Load): Promise<LiveSnapshot<unknown>> {
	const { registered, context, args } = load;
	const { definition } = registered;
	const { gate, view, merge } = definition;
	if (gate && !(await gate(context, ...args))) return { value: undefined, position: null, merge };
	const allowed = definition.access === null || (await definition.access(context, ...args));
	if (!allowed) throw new LiveError('FORBIDDEN', `access to "${context.path}" is denied`);
	// Before the load: what happens meanwhile is in the log behind this position.
	const position = await positionOf(parts, load);
	const run = (): unknown => loadValue(definition, context, args);
	const span = parts.observer?.span;
	const value = await (span === undefined ? run() : span('load', context.path, run));
	const cursor = cursorTextOf(value);
	const paged = cursor === undefined ? {} : { cursor };
	const versioned = definition.versions ? { version: definition.versions.current } : {};
	const more = { ...paged, ...versioned };
	if (!view) return { value, position, merge, ...more };
	const viewed = await viewOnce({ parts, definition: { ...definition, view }, context, value, position });
	return { ...viewed, ...more };
}

async function positionOf(parts: ServerParts, { registered, context, args, isPage }: Load): Promise<Position | null> {
	const { definition } = registered;
	if (definition.ephemeral || isPage === true) return null;
	return parts.backplane.head(encodeTopic(await topicOfStream(definition, context, args)));
}
