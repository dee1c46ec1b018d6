// What follows a position in a topic's log. Nearly always that is its last message; else the one that follows the position
// is looked for by bisection (offsets grow with the places in the stream), and everything from there on is listed.

import type { Position } from '../../protocol/position.ts';
import type { LogEntry, ReadResult } from '../../server/backplane.ts';
import { Listing } from './listing.ts';
import { endOf } from './log-message.ts';
import type { Found, LogParts, LogTopic } from './log-topic.ts';

const EVICTED: ReadResult = { kind: 'reset', reason: 'evicted' };

export async function readLog(topic: LogTopic, parts: LogParts, { epoch, offset }: Position): Promise<ReadResult> {
	const last = await topic.fetchLast();
	if (last === null || parts.epochOf(last.message.epoch) !== epoch || offset > endOf(last.message)) {
		return { kind: 'reset', reason: 'epoch' };
	}
	if (last.message.after <= offset) return { kind: 'events', epoch, entries: entriesAfter([last], offset) };
	const first = await findNext(topic, offset, last);
	if (first === null) return EVICTED;
	const entries = entriesAfter(await listFrom({ topic, parts, first, last }), offset);
	// Meanwhile the oldest ones may have gone.
	const isWhole = entries[0]?.offset === offset + 1 && entries.length === endOf(last.message) - offset;
	return isWhole ? { kind: 'events', epoch, entries } : EVICTED;
}

/** The place of the message with the event that follows an offset; null where it is gone. */
async function findNext(topic: LogTopic, offset: number, last: Found): Promise<number | null> {
	const oldest = await topic.fetchFrom(1);
	if (oldest === null || oldest.message.after > offset) return null;
	let before = oldest.sequence; // at or before the message
	let behind = last.sequence; // at or behind it
	while (behind - before > 1) {
		const middle = Math.floor((before + behind) / 2);
		const found = await topic.fetchFrom(middle);
		if (found === null) return null;
		if (found.message.after > offset) behind = middle;
		else if (endOf(found.message) > offset) return found.sequence;
		else before = found.sequence;
	}
	return before;
}

async function listFrom(of: { topic: LogTopic; parts: LogParts; first: number; last: Found }): Promise<Found[]> {
	const { topic, parts, first, last } = of;
	const { jetStream, names, settings } = parts;
	const options = { stream: names.log, subject: topic.subject, from: first, to: last.sequence };
	const listed = await new Listing(jetStream.link, settings, options).run();
	return listed.flatMap((stored) => {
		const found = topic.decode(stored);
		return found?.message.epoch === last.message.epoch ? [found] : [];
	});
}

function entriesAfter(found: readonly Found[], offset: number): LogEntry[] {
	const entries: LogEntry[] = [];
	for (const { message } of found) {
		for (let index = Math.max(0, offset - message.after); index < message.bodies.length; index++) {
			entries.push({ offset: message.after + index + 1, body: message.bodies[index] ?? '' });
		}
	}
	return entries;
}
