// Streams: a snapshot and the events that follow it. `snapshot` and `resumed` are addressed to one stream and bring it up
// to date completely; `event` is addressed to a topic by its alias and is the same text for every subscriber.

import { MERGE_KINDS, type MergeKind, type MergeSpec } from '../base/merge.ts';
import {
	readCount,
	readLength,
	readList,
	readText,
	violation,
	type Message,
	type RequestId,
	type TextField
} from './fields.ts';
import { FIXED_LIMITS, type Limits } from './limits.ts';
import { readPosition, readPositionOrNull, writePosition, type Position } from './position.ts';
import { readArgs, readId, readPath, type Refused } from './request.ts';
import { encodeInput, encodeValue, readValue, withMark, withoutMark, type ValueText } from './value.ts';

const EVENT_FIELD: TextField = { name: 'event', maxLength: FIXED_LIMITS.eventLength };
const KEY_FIELD: TextField = { name: 'key', maxLength: 64 };
const SINCE_FIELD: TextField = { name: 'since', maxLength: 64 };

/** What the application calls a state of a stream's data: a number, or 1 to 64 characters. */
export type DataVersion = string | number;

/** A small number that stands for a topic on one connection's server process. */
export type Alias = number;

export interface Subscribe {
	kind: 'subscribe';
	id: RequestId;
	path: string;
	/** Where the client is; null for a first load. */
	position: Position | null;
	args: unknown[];
	/** Of the rows that the client knows; undefined where it does not say. */
	version?: number | undefined;
	/** The state of the data that the client has, or a later one; undefined where it knows none. */
	since?: DataVersion | undefined;
}

export interface Unsubscribe {
	kind: 'unsubscribe';
	id: RequestId;
}

/** Asks for what follows `position`: the client saw a hole, or a heartbeat showed that it is behind. */
export interface Catchup {
	kind: 'catchup';
	id: RequestId;
	position: Position;
}

/** An event as `snapshot` and `resumed` carry it. */
export interface StreamEvent {
	/** 0 on an ephemeral topic. */
	offset: number;
	/** Empty where nothing up to this offset concerns the stream: it has come that far, and its value stays. */
	event: string;
	data: unknown;
}

export interface Snapshot {
	kind: 'snapshot';
	id: RequestId;
	alias: Alias;
	/** Where the value stands in the topic's log; null on an ephemeral topic. */
	position: Position | null;
	merge: MergeSpec;
	/** What happened since the value was loaded. */
	events: StreamEvent[];
	value: unknown;
	/** Where the value goes on, as text to be given back; null or undefined where it is all there is. */
	cursor?: string | null | undefined;
	/** Which state of the data the value is; undefined where that is not known. */
	since?: DataVersion | undefined;
}

export interface Resumed {
	kind: 'resumed';
	id: RequestId;
	alias: Alias;
	/** Where the client was; its epoch is the one that later events belong to. */
	position: Position;
	merge: MergeSpec;
	/** What the client missed. */
	events: StreamEvent[];
	/** Set where the events are changes of the data since the state that the client had: then `position` is where it is now. */
	since?: DataVersion | undefined;
}

export const RESET_REASONS = ['epoch', 'evicted', 'slow', 'reload', 'view'] as const;
export type ResetReason = (typeof RESET_REASONS)[number];

/** Tells that what the client has does not connect to what follows; a snapshot comes next. */
export interface Reset {
	kind: 'reset';
	id: RequestId;
	reason: ResetReason;
}

export interface TopicEvent extends StreamEvent {
	kind: 'event';
	alias: Alias;
}

/** The part of an event that no recipient changes: `"created",{…}`. Encoded once, kept in the log. */
export type EventBody = string;

/**
 * What streams have loaded does not hold any more; the data is the path of those that it concerns, null for all. They are
 * sent another value, and until then do not resume.
 */
export const INVALIDATED = '%invalidate';

/** What a view's row that changes its place is announced with: `[key, place]`, the place counted from 0. */
export const MOVED = '%moved';

/** Names that no application may publish under. */
export const RESERVED_EVENTS: ReadonlySet<string> = new Set([INVALIDATED, MOVED]);

/** Whether an event is about streams, and about no row. */
export function isControl(body: EventBody): boolean {
	return body.startsWith(`"${INVALIDATED}"`);
}

export function encodeSubscribe(subscribe: Omit<Subscribe, 'kind'>): string {
	const position = subscribe.position && writePosition(subscribe.position);
	const head = `["subscribe",${subscribe.id},${JSON.stringify(subscribe.path)},${JSON.stringify(position)}`;
	const args = encodeInput(subscribe.args);
	const { version = null, since } = subscribe;
	if (version === null && since === undefined) return `${head},${args}]`;
	const more = since === undefined ? '' : `,${JSON.stringify(since)}`;
	return `${head},${withMark(args)},${version}${more}]`;
}

export function decodeSubscribe(message: Message, limits: Limits): Subscribe | Refused {
	readLength(message, 5, 8);
	const id = readId(message);
	const path = readPath(message);
	const position = readPositionOrNull(message, 3);
	const isLong = message.length > 6;
	const known = isLong ? readKnown(message) : {};
	const args = readArgs(isLong ? withoutMark(message, 5) : message, 4, limits);
	return Array.isArray(args) ? { kind: 'subscribe', id, path, position, args, ...known } : args;
}

/** What the client says of what it has. */
function readKnown(message: Message): Pick<Subscribe, 'version' | 'since'> {
	const since = message.length === 8 ? { since: readDataVersion(message, 7) } : {};
	const hasVersion = message.length === 7 || message[6] !== null;
	return hasVersion ? { version: readCount(message, 6, 'version'), ...since } : since;
}

function readDataVersion(fields: Message, index: number): DataVersion {
	const value = fields[index];
	return typeof value === 'number' ? value : readText(fields, index, SINCE_FIELD);
}

export function encodeUnsubscribe(id: RequestId): string {
	return `["unsubscribe",${id}]`;
}

export function decodeUnsubscribe(message: Message): Unsubscribe {
	readLength(message, 2, 2);
	return { kind: 'unsubscribe', id: readId(message) };
}

export function encodeCatchup(id: RequestId, position: Position): string {
	return JSON.stringify(['catchup', id, writePosition(position)]);
}

export function decodeCatchup(message: Message): Catchup {
	readLength(message, 3, 3);
	return { kind: 'catchup', id: readId(message), position: readPosition(message, 2) };
}

export function encodeEventBody(event: string, data: unknown): EventBody {
	return `${JSON.stringify(event)},${encodeValue(data)}`;
}

/** The same, of data that is encoded already. */
export function joinEventBody(event: string, data: ValueText): EventBody {
	return `${JSON.stringify(event)},${data}`;
}

export function encodeEvent(alias: Alias, offset: number, body: EventBody): string {
	return `["event",${alias},${offset},${body}]`;
}

/** An event inside `snapshot` and `resumed`. */
export function encodeListedEvent(offset: number, body: EventBody): string {
	return `[${offset},${body}]`;
}

/** Tells readers that have everything before it that nothing up to this offset concerns them. */
export function encodeSkip(alias: Alias, offset: number): string {
	return `["event",${alias},${offset}]`;
}

/** The same inside `snapshot` and `resumed`. */
export function encodeListedSkip(offset: number): string {
	return `[${offset}]`;
}

export function decodeEvent(message: Message): TopicEvent {
	readLength(message, 3, 6);
	return { kind: 'event', alias: readCount(message, 1, 'alias'), ...eventFields(message, 2) };
}

function eventFields(message: Message, index: number): StreamEvent {
	const offset = readCount(message, index, 'offset');
	if (message.length === index + 1) return { offset, event: '', data: undefined };
	return {
		offset,
		event: readText(message, index + 1, EVENT_FIELD),
		data: readValue(message, index + 2)
	};
}

/** Decodes an event body: for code on the server that listens to topics. */
export function decodeEventBody(body: EventBody): { event: string; data: unknown } {
	const { event, data } = eventFields([0, ...(JSON.parse(`[${body}]`) as unknown[])], 0);
	return { event, data };
}

export interface SnapshotParts {
	id: RequestId;
	alias: Alias;
	position: Position | null;
	merge: MergeSpec;
	/** Made by {@link encodeListedEvent}. */
	events: readonly string[];
	/** Where a value goes on that is a page. */
	cursor?: string | null | undefined;
	/** Which state of the data it is. */
	since?: DataVersion | undefined;
}

export function encodeSnapshot(parts: SnapshotParts, value: ValueText): string {
	return `["snapshot",${streamFields(parts)},${value}]`;
}

export function encodeResumed(parts: SnapshotParts & { position: Position }): string {
	return `["resumed",${streamFields(parts)}]`;
}

function streamFields({ id, alias, position, merge, events, cursor, since }: SnapshotParts): string {
	const at = JSON.stringify(position && writePosition(position));
	const dated = since === undefined ? [] : [since];
	const more = cursor === undefined && since === undefined ? [] : [cursor ?? null, ...dated];
	const how = JSON.stringify([merge.kind, merge.key, merge.prepend ? 1 : 0, merge.max, ...more]);
	return `${id},${alias},${at},${how},[${events.join(',')}]`;
}

export function decodeSnapshot(message: Message): Snapshot {
	readLength(message, 7, 8);
	return {
		kind: 'snapshot',
		...readParts(message, readPositionOrNull),
		cursor: readCursor(message[4] as unknown[]),
		...readSince(message),
		value: readValue(message, 6)
	};
}

function readCursor({ 4: cursor }: readonly unknown[]): string | null | undefined {
	if (cursor !== null && cursor !== undefined && typeof cursor !== 'string')
		violation('a cursor must be text, or null');
	return cursor;
}

export function decodeResumed(message: Message): Resumed {
	readLength(message, 6, 6);
	return { kind: 'resumed', ...readParts(message, readPosition), ...readSince(message) };
}

function readSince(message: Message): { since?: DataVersion } {
	const merge = message[4] as Message;
	return merge.length > 5 ? { since: readDataVersion(merge, 5) } : {};
}

/** What `snapshot` and `resumed` have in common. */
function readParts<At>(message: Message, readAt: (message: Message, index: number) => At) {
	return {
		id: readId(message),
		alias: readCount(message, 2, 'alias'),
		position: readAt(message, 3),
		merge: readMerge(message, 4),
		events: readEvents(message, 5)
	};
}

function readMerge(message: Message, index: number): MergeSpec {
	const fields = readList(message, index, 'merge');
	const kind = fields[0] as MergeKind;
	if (!MERGE_KINDS.includes(kind)) violation(`"${String(fields[0])}" is no kind of merge`);
	return { kind, key: readText(fields, 1, KEY_FIELD), prepend: fields[2] === 1, max: readCount(fields, 3, 'max') };
}

function readEvents(message: Message, index: number): StreamEvent[] {
	return readList(message, index, 'events').map((entry) => {
		if (!Array.isArray(entry)) violation('an event must be [offset, event, data]');
		return eventFields(entry as unknown[], 0);
	});
}

export function encodeReset(id: RequestId, reason: ResetReason): string {
	return `["reset",${id},"${reason}"]`;
}

export function decodeReset(message: Message): Reset {
	readLength(message, 3, 3);
	const reason = message[2] as ResetReason;
	if (!RESET_REASONS.includes(reason)) violation(`"${String(message[2])}" is no reason of a reset`);
	return { kind: 'reset', id: readId(message), reason };
}
