// A message of a topic's log: events that follow one another, and what they follow. Its last message is the topic's head, so
// a topic needs nothing beside its messages.

import type { EventBody } from '../../protocol/stream.ts';
import type { TopicName } from '../../protocol/topic.ts';
import { readExact, writeExact } from '../shared/exact-text.ts';

export interface LogMessage {
	readonly topic: TopicName;
	/** Names this message, so that whoever lost the answer finds out whether it was stored. */
	readonly id: string;
	/** Names the log since the topic's first message: one that was forgotten begins with another. */
	readonly epoch: string;
	/** The offset before its first event. */
	readonly after: number;
	/** None where it only begins the log. */
	readonly bodies: readonly EventBody[];
}

/** The offset of its last event. */
export const endOf = ({ after, bodies }: LogMessage): number => after + bodies.length;

export function encodeLogMessage({ topic, id, epoch, after, bodies }: LogMessage): string {
	let text = JSON.stringify([1, topic, id, epoch, after]);
	for (const body of bodies) text += `\n${writeExact(body)}`;
	return text;
}

/** Null where it is not one of ours. */
export function decodeLogMessage(text: string): LogMessage | null {
	const [head = '', ...lines] = text.split('\n');
	const fields = parse(head);
	if (fields?.length !== 5) return null;
	const [version, topic, id, epoch, after] = fields;
	if (version !== 1 || typeof topic !== 'string' || typeof id !== 'string' || typeof epoch !== 'string') return null;
	if (!Number.isSafeInteger(after) || (after as number) < 0) return null;
	const bodies = readAll(lines);
	return bodies && { topic: topic as TopicName, id, epoch, after: after as number, bodies };
}

function parse(text: string): unknown[] | null {
	if (!text.startsWith('[')) return null;
	try {
		return JSON.parse(text) as unknown[];
	} catch {
		return null;
	}
}

function readAll(lines: readonly string[]): EventBody[] | null {
	try {
		return lines.map(readExact);
	} catch {
		return null;
	}
}
