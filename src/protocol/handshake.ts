// Opening and closing. The client's first message is `hello`; the server answers `welcome`, or `goodbye` and a close.
// `goodbye` precedes every close that the server starts.

import { type ErrorCode } from '../base/errors.ts';
import { readCount, readLength, readText, violation, type Message } from './fields.ts';
import type { Limits } from './limits.ts';

export interface Hello {
	kind: 'hello';
	version: number;
}

/** What the server tells about itself. */
export interface Welcome {
	kind: 'welcome';
	version: number;
	/** Names this connection in logs and in presence. */
	connectionId: string;
	limits: Limits;
}

export interface Goodbye {
	kind: 'goodbye';
	code: ErrorCode;
	message: string;
	/** How long to wait before connecting again, in milliseconds; null where the client's own backoff decides. */
	retryAfterMs: number | null;
}

export function encodeHello(version: number): string {
	return `["hello",${version}]`;
}

export function decodeHello(message: Message): Hello {
	readLength(message, 2, 2);
	return { kind: 'hello', version: readCount(message, 1, 'version') };
}

export function encodeWelcome(welcome: Omit<Welcome, 'kind'>): string {
	return JSON.stringify(['welcome', welcome.version, welcome.connectionId, welcome.limits]);
}

export function decodeWelcome(message: Message): Welcome {
	readLength(message, 4, 4);
	const limits = message[3];
	if (typeof limits !== 'object' || limits === null) violation('"limits" of "welcome" must be an object');
	return {
		kind: 'welcome',
		version: readCount(message, 1, 'version'),
		connectionId: readText(message, 2, { name: 'connectionId', maxLength: 128 }),
		limits: limits as Limits
	};
}

export function encodeGoodbye(goodbye: Omit<Goodbye, 'kind'>): string {
	return JSON.stringify(['goodbye', goodbye.code, goodbye.message, goodbye.retryAfterMs]);
}

export function decodeGoodbye(message: Message): Goodbye {
	readLength(message, 4, 4);
	return {
		kind: 'goodbye',
		code: readText(message, 1, { name: 'code', maxLength: 64 }),
		message: String(message[2]),
		retryAfterMs: message[3] === null ? null : readCount(message, 3, 'retryAfterMs')
	};
}
