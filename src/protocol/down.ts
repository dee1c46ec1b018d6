// Everything a server may say.

import { decodeError, decodeResult, type Failure, type Result } from './call.ts';
import { kindOf, violation, type Message } from './fields.ts';
import { readFrame } from './frame.ts';
import { decodeGoodbye, decodeWelcome, type Goodbye, type Welcome } from './handshake.ts';
import { decodeHeartbeat, decodePong, type Heartbeat, type Pong } from './heartbeat.ts';
import {
	decodeEvent,
	decodeReset,
	decodeResumed,
	decodeSnapshot,
	type Reset,
	type Resumed,
	type Snapshot,
	type TopicEvent
} from './stream.ts';

/** A message that only an extension of the client knows. */
export interface Extra {
	kind: 'extra';
	take: () => void;
}

/** Decodes such a message. Returns what takes it when its turn comes. */
export type DecodeExtra = (message: Message) => () => void;

export type DownMessage =
	| Welcome
	| Goodbye
	| Result
	| Failure
	| Snapshot
	| Resumed
	| Reset
	| TopicEvent
	| Heartbeat
	| Pong;

const DECODERS = new Map<string, (message: Message) => DownMessage>([
	['welcome', decodeWelcome],
	['goodbye', decodeGoodbye],
	['result', decodeResult],
	['error', decodeError],
	['snapshot', decodeSnapshot],
	['resumed', decodeResumed],
	['reset', decodeReset],
	['event', decodeEvent],
	['heartbeat', decodeHeartbeat],
	['pong', decodePong]
]);

/** The kind under which an extension gets binary frames: behind it comes the `ArrayBuffer`. */
export const BINARY = 'binary';

/**
 * Decodes one frame of a server.
 * @throws {LiveError} PROTOCOL_ERROR; the connection cannot go on
 */
export function decodeDown(frame: unknown): DownMessage[];
/** The same where further kinds are known. */
export function decodeDown(frame: unknown, extras: ReadonlyMap<string, DecodeExtra>): (DownMessage | Extra)[];
export function decodeDown(frame: unknown, extras?: ReadonlyMap<string, DecodeExtra>): (DownMessage | Extra)[] {
	const messages: Message[] = typeof frame === 'string' ? readFrame(frame) : [[BINARY, frame]];
	return messages.map((message) => {
		const kind = kindOf(message);
		const decode = DECODERS.get(kind);
		if (decode) return decode(message);
		const take = extras?.get(kind)?.(message);
		return take ? { kind: 'extra', take } : violation(`"${kind.slice(0, 32)}" is no kind of message`);
	});
}
