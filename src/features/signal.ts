// `live.signal`: a signal that pages send to the pages of another user. Nobody reaches anybody unless the application says so.

import { LiveError } from '../base/errors.ts';
import type { MaybePromise } from '../base/maybe-promise.ts';
import type { LiveCall } from '../base/surface.ts';
import type { LiveContext } from '../server/context.ts';
import { call } from '../server/define-call.ts';
import { validateArgs, type Schema } from '../server/validate.ts';

export interface SignalOptions<Data> {
	/** Whether this caller may send it to this user. Runs before anything is sent. */
	authorize: (context: LiveContext, userId: string | number, data: Data) => MaybePromise<boolean>;
	/** A Standard Schema for the data. @default it is not validated: the receiving page has to */
	schema?: Schema<unknown, Data>;
}

/**
 * A call `(userId, data)` that sends the data to all pages of a user that listen with `onSignal`.
 * @param event what the receivers know it by
 */
export function signal<Data = unknown>(
	event: string,
	{ authorize, schema }: SignalOptions<Data>
): LiveCall<[userId: string | number, data: Data], void> {
	if (typeof authorize !== 'function')
		throw new TypeError(`live.signal("${event}") needs "authorize": without it any page could disturb any user`);
	return call(async (context, userId: string | number, given: Data) => {
		if (typeof userId !== 'string' && typeof userId !== 'number')
			throw new LiveError('BAD_REQUEST', 'a signal must name the id of a user');
		const data = schema ? ((await validateArgs([schema], [given]))[0] as Data) : given;
		if (!(await authorize(context, userId, data)))
			throw new LiveError('FORBIDDEN', `"${event}" may not be sent to this user`);
		context.signal({ user: userId }, event, data);
	});
}
