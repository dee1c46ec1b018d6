// What a call and a subscription have in common: an id, the path of a function, and arguments. Whatever is wrong with the
// arguments is the fault of that one request, not of the connection.

import { isLiveError, LiveError } from '../base/errors.ts';
import { readCount, readText, type Message, type RequestId, type TextField } from './fields.ts';
import { FIXED_LIMITS, type Limits } from './limits.ts';
import { decodeValue } from './value.ts';

const PATH_FIELD: TextField = { name: 'path', maxLength: FIXED_LIMITS.pathLength };

/** A call or subscription whose envelope is sound and whose arguments are refused. */
export interface Refused {
	kind: 'refused';
	id: RequestId;
	error: LiveError;
	/** Set where nobody waits for an answer. */
	silent?: true;
}

/** The id of a message about one call or stream, which always comes first. */
export function readId(message: Message): RequestId {
	return readCount(message, 1, 'id');
}

/** `module/export`, for example `lib/board/addCard`. */
export function readPath(message: Message): string {
	return readText(message, 2, PATH_FIELD);
}

/** The arguments at the end of a message, or why they are refused. */
export function readArgs(message: Message, index: number, limits: Limits): unknown[] | Refused {
	try {
		const args = decodeValue(message, index, limits.depth);
		if (!Array.isArray(args)) throw new LiveError('BAD_REQUEST', 'the arguments must be a list');
		if (args.length > limits.args)
			throw new LiveError('TOO_MANY', `${args.length} arguments; the limit "args" is ${limits.args}`);
		return args as unknown[];
	} catch (error) {
		if (!isLiveError(error) || error.code === 'PROTOCOL_ERROR') throw error;
		return { kind: 'refused', id: readId(message), error };
	}
}
