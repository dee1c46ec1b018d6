// Binary frames: a byte that says what it is, the length of a header in two bytes (big-endian), the header in JSON, and the
// payload behind it. Invariant: no more is read than came, whatever the length says.

import { decodeCall, type Call } from './call.ts';
import { readCount, readLength, violation, type Message, type RequestId } from './fields.ts';
import { parseMessage } from './frame.ts';
import type { Limits } from './limits.ts';
import type { Refused } from './request.ts';
import type { ValueText } from './value.ts';

/** A call with bytes: from a client. */
const CALL = 0;
/** A part of a file: to the server that asked for it, or of a download. */
const CHUNK = 1;

/** The marker, and the length of the header. */
const PREFIX_BYTES = 3;

/** A part of a file. */
export interface Chunk {
	kind: 'chunk';
	/** The upload or download that it belongs to. */
	id: RequestId;
	/** How many bytes of the file come before it. */
	offset: number;
	/** A part of the frame: copy what is kept. */
	bytes: Uint8Array;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function encodeBinary(marker: number, header: string, payload: Uint8Array): Uint8Array<ArrayBuffer> {
	const encoded = encoder.encode(header);
	const frame = new Uint8Array(PREFIX_BYTES + encoded.length + payload.length);
	frame.set([marker, encoded.length >> 8, encoded.length & 0xff]);
	frame.set(encoded, PREFIX_BYTES);
	frame.set(payload, PREFIX_BYTES + encoded.length);
	return frame;
}

/** The longest header that its length can tell. */
const MAX_HEADER_BYTES = 0xff_ff;

/**
 * The header of a call with bytes; `encodeBinaryCall` needs it to be of at most `MAX_HEADER_BYTES`.
 * @param args the list of arguments, encoded
 */
export function binaryCallHeader(id: RequestId, path: string, args: ValueText): string {
	return `[${id},${JSON.stringify(path)},${args}]`;
}

/** Whether a frame with this header and payload is within a limit. */
export function fitsFrame(header: string, payloadBytes: number, maxBytes: number): boolean {
	const headerBytes = encoder.encode(header).length;
	return headerBytes <= MAX_HEADER_BYTES && PREFIX_BYTES + headerBytes + payloadBytes <= maxBytes;
}

export function encodeBinaryCall(header: string, payload: Uint8Array): Uint8Array<ArrayBuffer> {
	return encodeBinary(CALL, header, payload);
}

/** The payload is copied. */
export function encodeChunk({ id, offset, bytes }: Omit<Chunk, 'kind'>): Uint8Array<ArrayBuffer> {
	return encodeBinary(CHUNK, `[${id},${offset}]`, bytes);
}

/**
 * Decodes a binary frame of a client.
 * @throws {LiveError} PROTOCOL_ERROR; the connection cannot go on
 */
export function decodeBinaryUp(frame: Uint8Array, limits: Limits): Call | Refused | Chunk {
	const marker = frame[0];
	if (marker !== CALL) return readChunk(frame);
	const { header, payload } = split(frame, 'call');
	readLength(header, 4, 5); // nothing with bytes has a key
	const call = decodeCall(header, limits);
	return call.kind === 'call' ? { ...call, bytes: payload } : call;
}

/**
 * Decodes a binary frame of a server, or a part of a client's file.
 * @throws {LiveError} PROTOCOL_ERROR; the connection cannot go on
 */
export function readChunk(frame: Uint8Array): Chunk {
	if (frame[0] !== CHUNK) violation(`${frame[0] ?? 'nothing'} is no marker of a binary frame`);
	const { header, payload } = split(frame, 'chunk');
	readLength(header, 3, 3);
	return { kind: 'chunk', id: readCount(header, 1, 'id'), offset: readCount(header, 2, 'offset'), bytes: payload };
}

/** The header as a message of that kind, and what is behind it. */
function split(frame: Uint8Array, kind: string): { header: Message; payload: Uint8Array } {
	const end = PREFIX_BYTES + (((frame[1] ?? 0) << 8) | (frame[2] ?? 0));
	if (frame.length < PREFIX_BYTES || frame.length < end)
		violation('the header of a binary frame is longer than the frame');
	const header = parseMessage(textOf(frame.subarray(PREFIX_BYTES, end)));
	return { header: [kind, ...header], payload: frame.subarray(end) };
}

function textOf(bytes: Uint8Array): string {
	try {
		return decoder.decode(bytes);
	} catch {
		return violation('the header of a binary frame must be UTF-8');
	}
}
