// What is published on the channel of a topic: `e EPOCH OFFSET` and one event per line, or `b ORIGIN NUMBER` and two lines
// per broadcast, its conflation key as JSON and its body. Bodies are JSON and go through as they are, never encoded twice.
// Anybody may publish on a channel, so whatever does not look like this is foreign.

import type { EventBody } from '../../protocol/stream.ts';
import { readExact, writeExact } from '../shared/exact-text.ts';

export interface Broadcast {
	readonly conflationKey: string | null;
	readonly body: EventBody;
}

export type ChannelMessage =
	| { kind: 'events'; epoch: string; first: number; bodies: EventBody[] }
	| { kind: 'broadcast'; name: string; broadcasts: Broadcast[] };

/** @param name of this message, unlike that of any other of any process */
export function encodeBroadcasts(name: string, broadcasts: readonly Broadcast[]): string {
	const lines = broadcasts.map(({ conflationKey, body }) => `${JSON.stringify(conflationKey)}\n${writeExact(body)}`);
	return `b ${name}\n${lines.join('\n')}`;
}

const EVENTS = /^e ([\w.-]{1,64}) ([1-9]\d{0,15})$/;
const BROADCAST = /^b ([\w.-]{1,64})$/;

/** Null where the message is not one of ours. */
export function decodeMessage(text: string): ChannelMessage | null {
	const end = text.indexOf('\n');
	const head = text.slice(0, end);
	const events = EVENTS.exec(head);
	try {
		if (events) return decodeEvents(events, text.slice(end + 1));
		const broadcast = BROADCAST.exec(head);
		return broadcast && decodeBroadcasts(broadcast, text.slice(end + 1).split('\n'));
	} catch {
		return null;
	}
}

function decodeEvents([, epoch = '', first]: RegExpExecArray, lines: string): ChannelMessage {
	const bodies = lines.includes('\n') ? lines.split('\n').map(readBody) : [readBody(lines)];
	return { kind: 'events', epoch, first: Number(first), bodies };
}

function decodeBroadcasts([, name = '']: RegExpExecArray, lines: string[]): ChannelMessage {
	const broadcasts: Broadcast[] = [];
	for (let index = 0; index < lines.length; index += 2) {
		const conflationKey: unknown = JSON.parse(lines[index] ?? '');
		if (conflationKey !== null && typeof conflationKey !== 'string') throw new SyntaxError('not a conflation key');
		broadcasts.push({ conflationKey, body: readBody(lines[index + 1] ?? '') });
	}
	return { kind: 'broadcast', name, broadcasts };
}

/** @throws {SyntaxError} where it cannot be a body: those begin with the event's name */
export function readBody(line: string): EventBody {
	const body = readExact(line);
	if (!body.startsWith('"')) throw new SyntaxError('not the body of an event');
	return body;
}
