// What stands under a key of the bucket. It says how long it lives from when the server stored it, so no clock but the
// server's has a part in when it ends; only what ends at a time that was decided before says which.

import { readExact, writeExact } from '../shared/exact-text.ts';
import type { StoredMessage } from './jetstream.ts';

export interface RecordContent {
	/** Under which name: the subject has only a digest of it. */
	readonly name: string;
	readonly value: string;
	/** 0 where versions do not matter. */
	readonly version: number;
	/** From when it is stored, in milliseconds; null: it lives on, or until `endsAt`. */
	readonly ttlMs: number | null;
	/** By the server's clock, in milliseconds since the Unix epoch. 0: it is gone already, only its version is kept. */
	readonly endsAt: number | null;
}

/** One that the server has. */
export interface StoredRecord extends Omit<RecordContent, 'ttlMs' | 'endsAt'> {
	readonly sequence: number;
	/** `Infinity` where it does not end. */
	readonly endsAt: number;
	readonly storedAt: number;
}

export function encodeRecord({ name, value, version, ttlMs, endsAt }: RecordContent): string {
	return `${JSON.stringify([1, name, version, ttlMs, endsAt])}\n${writeExact(value)}`;
}

/** Null where it is not one of ours. */
export function decodeRecord({ text, sequence, storedAt }: Omit<StoredMessage, 'subject'>): StoredRecord | null {
	const end = text.indexOf('\n');
	try {
		const head = JSON.parse(text.slice(0, end)) as unknown;
		if (end < 0 || !Array.isArray(head) || head.length !== 5) return null;
		const [kind, name, version, ttlMs, endsAt] = head as unknown[];
		if (kind !== 1 || typeof name !== 'string' || !Number.isSafeInteger(version)) return null;
		if (!isTime(ttlMs) || !isTime(endsAt)) return null;
		return {
			name,
			value: readExact(text.slice(end + 1)),
			version: version as number,
			endsAt: endsAt ?? (ttlMs === null ? Infinity : storedAt + ttlMs),
			sequence,
			storedAt
		};
	} catch {
		return null;
	}
}

const isTime = (value: unknown): value is number | null => value === null || typeof value === 'number';
