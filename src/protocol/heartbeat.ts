// Heartbeats find connections that are dead without a close, and events that were lost: the server's heartbeat carries
// the head of every log topic that the connection reads, and a client that is behind asks for the rest.

import { readCount, readLength, readList, violation, type Message } from './fields.ts';
import type { Alias } from './stream.ts';

/** The offset of the last event of a topic. */
export type Head = [alias: Alias, offset: number];

export interface Heartbeat {
	kind: 'heartbeat';
	/** The client answers with the same number. */
	beat: number;
	heads: Head[];
}

/** Asks the other side for a sign of life; answered by `pong` with the same number. */
export interface Ping {
	kind: 'ping';
	beat: number;
}

export interface Pong {
	kind: 'pong';
	beat: number;
}

export function encodeHeartbeat(beat: number, heads: readonly Head[]): string {
	return JSON.stringify(['heartbeat', beat, heads]);
}

export function decodeHeartbeat(message: Message): Heartbeat {
	readLength(message, 3, 3);
	const heads = readList(message, 2, 'heads').map((head): Head => {
		if (!Array.isArray(head) || head.length !== 2) violation('a head must be [alias, offset]');
		return [readCount(head, 0, 'alias'), readCount(head, 1, 'offset')];
	});
	return { kind: 'heartbeat', beat: readCount(message, 1, 'beat'), heads };
}

export function encodePing(beat: number): string {
	return `["ping",${beat}]`;
}

export function decodePing(message: Message): Ping {
	readLength(message, 2, 2);
	return { kind: 'ping', beat: readCount(message, 1, 'beat') };
}

export function encodePong(beat: number): string {
	return `["pong",${beat}]`;
}

export function decodePong(message: Message): Pong {
	readLength(message, 2, 2);
	return { kind: 'pong', beat: readCount(message, 1, 'beat') };
}
