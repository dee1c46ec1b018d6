// What the application's code sees when nobody called it.

import type { BaseContext } from '../../server/context.ts';
import { HandlerContext } from '../../server/context.ts';
import type { ServiceHost } from '../../server/service.ts';
import type { Session } from '../../server/session.ts';
import type { HostedContext } from '../../server/stream-host.ts';
import { withTimeout } from '../../server/timeout.ts';
import type { Term } from './term.ts';

/** The part of `ctx` that is about no caller. */
export type ServiceContext = Pick<BaseContext, 'path' | 'abortSignal' | 'publish' | 'throttle' | 'debounce'>;

// Nobody has no user, which the type of sessions leaves to the application to say.
const NOBODY = {
	session: { user: null } as unknown as Session,
	connection: { id: 'server', remoteAddress: undefined }
};

/** A context for the code of a path, with what is known besides. */
export function serviceContext<More extends object>(path: string, host: ServiceHost, more: More): HostedContext & More {
	return Object.assign(new HandlerContext(path, NOBODY, host) as HostedContext, more);
}

export interface Run<Result> {
	term: Term;
	context: HostedContext;
	/** How long it may take, in milliseconds. */
	limitMs: number;
	run: () => Result | PromiseLike<Result>;
}

/**
 * Runs code of the application in a term, until what it has published is in its log.
 * @throws what it throws; a TIMEOUT where it takes too long; why the term ended, where that is first
 */
export async function runInTerm<Result>(host: ServiceHost, run: Run<Result>): Promise<Result> {
	const { term, context, limitMs } = run;
	const what = `${context.path} (timeoutMs)`;
	try {
		return await term.during(async () => withTimeout(finish(run), { clock: host.clock, limitMs, what }));
	} catch (error) {
		context.abort(error);
		throw error;
	}
}

async function finish<Result>({ context, run }: Run<Result>): Promise<Result> {
	const result = await run();
	await context.published;
	return result;
}
