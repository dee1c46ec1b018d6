// A call of `live.idempotent`: however often it comes with its key, on whichever process, its handler runs once. What the
// handler publishes belongs to its effect: the answer is kept when that is in its log.

import { LiveError } from '../base/errors.ts';
import { fingerprint } from '../base/fingerprint.ts';
import { encodeValue } from '../protocol/value.ts';
import type { Call } from '../protocol/call.ts';
import type { CallDefinition, Handler } from './definition.ts';
import { idOfUser } from './identity.ts';
import type { Once } from './processes/once.ts';
import type { HostedContext } from './stream-host.ts';

/** Keys of visitors without an identity must be hard to guess: whoever has one is given the answer. */
const ANONYMOUS_KEY_LENGTH = 12;

export interface Keeper {
	once: Once;
	/** How long to wait for another attempt that is under way. */
	waitMs: number;
}

/**
 * The handler that runs for a call with a key, or of a function that takes keys.
 * @throws {LiveError} BAD_REQUEST where one of both is missing
 */
export function keyedHandler(call: Call, definition: CallDefinition, { once, waitMs }: Keeper): Handler {
	if (definition.once === null)
		throw new LiveError('BAD_REQUEST', `"${call.path}" takes no key: it is not idempotent`);
	if (call.key === undefined) throw new LiveError('BAD_REQUEST', `"${call.path}" needs a key: it is idempotent`);
	const { handler } = definition;
	const { keepMs } = definition.once;
	const { path, args } = call;
	const key = call.key;
	return async (context, ...valid) => {
		const hosted = context as HostedContext;
		const request = { key: callKey(hosted, path, key), print: fingerprint(encodeValue(args)), keepMs, waitMs };
		return once.run(request, async () => {
			const result = await handler(context, ...valid);
			await hosted.published;
			return result;
		});
	};
}

/**
 * One user's keys for one function: nobody gets the answer to somebody else's request.
 * @throws {LiveError} BAD_REQUEST where a visitor's key is easy to guess
 */
export function callKey({ user }: Pick<HostedContext, 'user'>, path: string, key: string): string {
	const id = idOfUser(user);
	if (id === null && key.length < ANONYMOUS_KEY_LENGTH) {
		const message = `the key of an anonymous visitor must have at least ${ANONYMOUS_KEY_LENGTH} characters, chosen at random`;
		throw new LiveError('BAD_REQUEST', message);
	}
	return JSON.stringify([id, path, key]);
}
