// What travels in every scenario and to every peer: an object of about 145 bytes of ASCII JSON. Its mark, twelve digits
// at a place that a byte search finds, tells the load client which event of which topic it is, whatever the envelope.

const TOPIC_DIGITS = 4;
const SEQUENCE_DIGITS = 8;
const MARK_KEY = '"mark":"';
const NEEDLE = Buffer.from(MARK_KEY, 'latin1');
const FILL = 'The tide comes in, the tide goes out; a wire under the sea carries it all the way.';

/** An event or argument as JSON. `topic` below 10,000, `sequence` below 100,000,000. */
export function payload(topic: number, sequence: number): string {
	const mark = String(topic).padStart(TOPIC_DIGITS, '0') + String(sequence).padStart(SEQUENCE_DIGITS, '0');
	return `{"id":"${mark}",${MARK_KEY}${mark}","text":"${FILL}","done":false}`;
}

type Row = Record<string, unknown>;

const made = new Map<number, Row[]>();

/** Rows for a first load, of the same shape; made once, as a database's cache would have them. */
export function rowsOf(count: number): Row[] {
	const known = made.get(count);
	if (known) return known;
	const rows = Array.from({ length: count }, (_, index) => JSON.parse(payload(0, index + 1)) as Row);
	made.set(count, rows);
	return rows;
}

/** Where the digits of the next mark begin; -1 where there is none before `end`. */
export function findMark(bytes: Buffer, from: number, end: number): number {
	const at = bytes.indexOf(NEEDLE, from);
	return at === -1 || at >= end ? -1 : at + NEEDLE.length;
}

export function topicAt(bytes: Buffer, at: number): number {
	return digits(bytes, at, TOPIC_DIGITS);
}

export function sequenceAt(bytes: Buffer, at: number): number {
	return digits(bytes, at + TOPIC_DIGITS, SEQUENCE_DIGITS);
}

function digits(bytes: Buffer, at: number, count: number): number {
	let value = 0;
	for (let index = at; index < at + count; index++) value = value * 10 + (bytes[index] ?? 0) - 48;
	return value;
}
