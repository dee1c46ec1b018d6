// Everything a client may say.

import { kindOf, violation, type Message } from './fields.ts';
import { parseFrame } from './frame.ts';
import type { Chunk } from './binary.ts';
import { decodeBatch, decodeCall, decodeCancel, decodeVolatile, type Batch, type Call, type Cancel } from './call.ts';
import { decodeHello, type Hello } from './handshake.ts';
import { decodePing, decodePong, type Ping, type Pong } from './heartbeat.ts';
import type { Limits } from './limits.ts';
import type { Refused } from './request.ts';
import {
	decodeCatchup,
	decodeSubscribe,
	decodeUnsubscribe,
	type Catchup,
	type Subscribe,
	type Unsubscribe
} from './stream.ts';
import { decodeUpload } from './upload.ts';
import { decodeMore, type More } from './values.ts';

export type UpMessage =
	| Hello
	| Call
	| Batch
	| Cancel
	| More
	| Chunk
	| Subscribe
	| Unsubscribe
	| Catchup
	| Ping
	| Pong
	| Refused;

type Decoder = (message: Message, limits: Limits) => UpMessage;

/** A Map, not an object: a kind like "constructor" must find nothing. */
const DECODERS = new Map<string, Decoder>([
	['hello', decodeHello],
	['call', decodeCall],
	['batch', decodeBatch],
	['cancel', decodeCancel],
	['volatile', decodeVolatile],
	['upload', decodeUpload],
	['more', decodeMore],
	['subscribe', decodeSubscribe],
	['unsubscribe', decodeUnsubscribe],
	['catchup', decodeCatchup],
	['ping', decodePing],
	['pong', decodePong]
]);

/**
 * Decodes one text frame of a client.
 * @throws {LiveError} PROTOCOL_ERROR; the connection cannot go on
 */
export function decodeUp(text: string, limits: Limits): UpMessage[] {
	const messages = parseFrame(text, limits.depth);
	const [only] = messages;
	if (only && messages.length === 1) return [decodeMessage(only, limits)]; // most frames: without a closure
	return messages.map((message) => decodeMessage(message, limits));
}

function decodeMessage(message: Message, limits: Limits): UpMessage {
	const decode = DECODERS.get(kindOf(message));
	return decode ? decode(message, limits) : violation(`"${kindOf(message).slice(0, 32)}" is no kind of message`);
}
