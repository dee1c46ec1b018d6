// Where a reader is in a topic. The offset counts events; the epoch names one incarnation of the log, so that a log that
// was lost or rolled back is never mistaken for the one that the reader knew.

import { readCount, readText, violation, type Message, type TextField } from './fields.ts';
import { FIXED_LIMITS } from './limits.ts';

export interface Position {
	readonly epoch: string;
	/** The offset of the last event that the reader has; 0 where it has none. */
	readonly offset: number;
}

const EPOCH_FIELD: TextField = { name: 'epoch', maxLength: FIXED_LIMITS.epochLength };

export type PositionFields = [epoch: string, offset: number];

export function writePosition(position: Position): PositionFields {
	return [position.epoch, position.offset];
}

export function readPosition(message: Message, index: number): Position {
	const fields = message[index];
	if (!Array.isArray(fields) || fields.length !== 2) violation('a position must be [epoch, offset]');
	return {
		epoch: readText(fields, 0, EPOCH_FIELD),
		offset: readCount(fields, 1, 'offset')
	};
}

/** Null means that the topic keeps no log, or that the reader has no position yet. */
export function readPositionOrNull(message: Message, index: number): Position | null {
	return message[index] === null ? null : readPosition(message, index);
}
