// Calls: one request, one answer. Several may travel as one batch, which the server runs in parallel or in order.

import { LiveError, type ErrorDetails } from '../base/errors.ts';
import { readLength, readList, readText, violation, type Message, type RequestId } from './fields.ts';
import { FIXED_LIMITS, type Limits } from './limits.ts';
import { readArgs, readId, readPath, type Refused } from './request.ts';
import { encodeInput, encodeValue, readValue, withMark, withoutMark, type ValueText } from './value.ts';

export interface Call {
	kind: 'call';
	id: RequestId;
	/** `module/export`, for example `lib/board/addCard`. */
	path: string;
	args: unknown[];
	/** Names the request, however often it is sent: it takes effect once. Absent where the call is for once. */
	key?: string;
	/** Sent along as they are. A part of what the transport read. */
	bytes?: Uint8Array;
	/** The file that follows, in parts. */
	file?: FileFacts;
	/** Set where nobody waits for an answer, and none is sent. */
	silent?: true;
}

/** What a client says of a file. Nothing of it is verified but the size, which is kept. */
export interface FileFacts {
	/** Names the upload, over all its connections. */
	key: string;
	/** In bytes. */
	size: number;
	/** Empty where there is none. */
	name: string;
	/** A media type; empty where the client knows none. */
	type: string;
	/** Whether it was opened before, on a connection that is lost. */
	again: boolean;
}

export interface Batch {
	kind: 'batch';
	/** Whether each call waits for the one before it. */
	sequential: boolean;
	calls: (Call | Refused)[];
}

export interface Cancel {
	kind: 'cancel';
	id: RequestId;
}

export interface Result {
	kind: 'result';
	id: RequestId;
	value: unknown;
}

export interface Failure {
	kind: 'error';
	/** The call or stream that failed. */
	id: RequestId;
	error: LiveError;
}

const KEY_FIELD = { name: 'key', maxLength: FIXED_LIMITS.callKeyLength };

/** What a call has and an entry of a batch leaves out. */
const CALL_OPENING = '["call",';

export function encodeCall(id: RequestId, path: string, args: readonly unknown[]): string {
	return encodeCallOf(id, path, encodeInput(args));
}

/** The same for arguments that are encoded already. */
export function encodeCallOf(id: RequestId, path: string, args: ValueText): string {
	return `${CALL_OPENING}${id},${JSON.stringify(path)},${args}]`;
}

type KeyedCall = Required<Pick<Call, 'id' | 'path' | 'args' | 'key'>>;

/** A call with a key, which follows the mark of its arguments. */
export function encodeKeyedCall({ id, path, args, key }: KeyedCall): string {
	return `${CALL_OPENING}${id},${JSON.stringify(path)},${withMark(encodeInput(args))},${JSON.stringify(key)}]`;
}

export function decodeCall(message: Message, limits: Limits): Call | Refused {
	readLength(message, 4, 6);
	const id = readId(message);
	const path = readPath(message);
	if (message.length === 6) return decodeKeyedCall(message, { id, path, limits });
	const args = readArgs(message, 3, limits);
	return Array.isArray(args) ? { kind: 'call', id, path, args } : args;
}

interface Opening {
	id: RequestId;
	path: string;
	limits: Limits;
}

function decodeKeyedCall(message: Message, { id, path, limits }: Opening): Call | Refused {
	const key = readText(message, 5, KEY_FIELD);
	const args = readArgs(withoutMark(message, 4), 3, limits);
	return Array.isArray(args) ? { kind: 'call', id, path, args, key } : args;
}

/** A call that nobody waits for. */
export function encodeVolatile(id: RequestId, path: string, args: readonly unknown[]): string {
	return `["volatile",${id},${JSON.stringify(path)},${encodeInput(args)}]`;
}

export function decodeVolatile(message: Message, limits: Limits): Call | Refused {
	readLength(message, 4, 5);
	return { ...decodeCall(message, limits), silent: true };
}

export function encodeBatch(sequential: boolean, calls: readonly Omit<Call, 'kind'>[]): string {
	return joinBatch(
		sequential,
		calls.map(({ id, path, args, key }) =>
			key === undefined ? encodeCall(id, path, args) : encodeKeyedCall({ id, path, args, key })
		)
	);
}

/** A batch of calls that are encoded already. */
export function joinBatch(sequential: boolean, calls: readonly string[]): string {
	const entries = calls.map((call) => `[${call.slice(CALL_OPENING.length)}`);
	return `["batch",${sequential ? 1 : 0},[${entries.join(',')}]]`;
}

export function decodeBatch(message: Message, limits: Limits): Batch {
	readLength(message, 3, 3);
	const mode = message[1];
	if (mode !== 0 && mode !== 1) violation('"sequential" of "batch" must be 0 or 1');
	const calls = readList(message, 2, 'calls').map((entry) => {
		if (!Array.isArray(entry)) violation('each entry of "batch" must be [id, path, args]');
		return decodeCall(['call', ...(entry as unknown[])], limits);
	});
	assertDifferentIds(calls);
	return { kind: 'batch', sequential: mode === 1, calls };
}

function assertDifferentIds(calls: readonly { id: RequestId }[]): void {
	const ids = new Set<RequestId>();
	for (const { id } of calls) {
		if (ids.has(id)) violation(`the id ${id} is used twice in one batch`);
		ids.add(id);
	}
}

export function encodeCancel(id: RequestId): string {
	return `["cancel",${id}]`;
}

export function decodeCancel(message: Message): Cancel {
	readLength(message, 2, 2);
	return { kind: 'cancel', id: readId(message) };
}

export function encodeResult(id: RequestId, value: unknown): string {
	return `["result",${id},${encodeValue(value)}]`;
}

export function decodeResult(message: Message): Result {
	readLength(message, 3, 4);
	return { kind: 'result', id: readId(message), value: readValue(message, 2) };
}

export function encodeError(id: RequestId, error: LiveError): string {
	return `["error",${id},${encodeValue({ code: error.code, message: error.message, ...error.details })}]`;
}

export function decodeError(message: Message): Failure {
	readLength(message, 3, 4);
	const id = readId(message);
	const fields = readValue(message, 2);
	if (typeof fields !== 'object' || fields === null) violation('the value of "error" must be an object');
	const { code, message: text, ...details } = fields as ErrorFields;
	return { kind: 'error', id, error: new LiveError(String(code), String(text), details) };
}

interface ErrorFields extends ErrorDetails {
	code: unknown;
	message: unknown;
}
