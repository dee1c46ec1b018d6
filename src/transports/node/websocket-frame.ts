// WebSocket frames as a server sends them: a header without a mask, then the payload. A message for many sockets is framed
// once; an answer leaves as one string in one write.

import type { TransportSocket } from '../../server/transport.ts';
import { COMPARED, isSame, textOf } from '../shared/text.ts';
import { NO_CODE } from './close-code.ts';

type Frame = Parameters<TransportSocket['send']>[0][number];

/** What to write. A string is in latin1, which Node writes without a copy into a Buffer: ASCII is the same in it. */
export type Output = string | Buffer;

const FINAL_TEXT = 0x81;
const FINAL_BINARY = 0x82;
const FINAL_CLOSE = 0x88;
const FINAL_PING = 0x89;
const FINAL_PONG = 0x8a;
/** Marks a frame that one socket has sent: its second socket keeps the bytes for the others. */
const SENT_ONCE = Symbol('sent once');
/** What is longer is not kept for the next socket, which seldom sends the same. */
const KEPT_LENGTH = 64 * 1024;

/** Frames messages, once for all sockets that send the same ones, one socket after another. */
export class Outputs {
	#frames: readonly Frame[] = [];
	#output: Output = '';

	/** The messages as one WebSocket message, joined by line ends as the protocol says. */
	of(frames: readonly Frame[]): Output {
		const [first] = frames;
		return frames.length === 1 && first ? single(first) : this.#joined(frames);
	}

	#joined(frames: readonly Frame[]): Output {
		if (!isSame(frames, this.#frames)) return this.#keep(frames, join(frames));
		if (typeof this.#output === 'string') this.#output = Buffer.from(this.#output, 'latin1');
		return this.#output;
	}

	#keep(frames: readonly Frame[], output: Output): Output {
		const isKept = frames.length <= COMPARED && output.length <= KEPT_LENGTH;
		this.#frames = isKept ? frames : [];
		this.#output = isKept ? output : '';
		return output;
	}
}

/** A frame that is sent again was made for many: from then on it keeps its bytes. */
function single(frame: Frame): Output {
	if (Buffer.isBuffer(frame.encoded)) return frame.encoded;
	if (frame.encoded !== SENT_ONCE) {
		frame.encoded = SENT_ONCE;
		return encode(frame.text, frame.bytes);
	}
	const bytes = bufferOf(frame.text, frame.bytes);
	frame.encoded = bytes;
	return bytes;
}

function join(frames: readonly Frame[]): Output {
	let bytes = Math.max(0, frames.length - 1);
	for (const frame of frames) bytes += frame.bytes;
	return encode(textOf(frames), bytes);
}

function encode(text: string, bytes: number): Output {
	return text.length === bytes ? headerText(bytes) + text : bufferOf(text, bytes);
}

function bufferOf(text: string, bytes: number): Buffer {
	const header = headerOf(FINAL_TEXT, bytes);
	const output = Buffer.allocUnsafeSlow(header.length + bytes);
	header.copy(output);
	output.write(text, header.length, 'utf8');
	return output;
}

/** A message of its own, text or binary. Bytes are copied: what they are taken from may change. */
export function messageOutput(data: string | Uint8Array): Output {
	if (typeof data === 'string') return encode(data, Buffer.byteLength(data));
	return Buffer.concat([headerOf(FINAL_BINARY, data.length), data]);
}

export const PING_FRAME = headerOf(FINAL_PING, 0);

/** The answer to a ping. */
export function pongFrame(payload: Uint8Array): Buffer {
	return Buffer.concat([headerOf(FINAL_PONG, payload.length), payload]);
}

/** @param reason of at most 123 bytes */
export function closeFrame(code: number, reason: string): Buffer {
	if (code === NO_CODE) return headerOf(FINAL_CLOSE, 0);
	const text = Buffer.from(reason);
	return Buffer.concat([headerOf(FINAL_CLOSE, 2 + text.length), Buffer.from([code >> 8, code & 0xff]), text]);
}

/** The header of a message of text, in latin1: without a Buffer for the sizes that most messages have. */
function headerText(bytes: number): string {
	if (bytes < 126) return String.fromCharCode(FINAL_TEXT, bytes);
	if (bytes < 0x1_00_00) return String.fromCharCode(FINAL_TEXT, 126, bytes >> 8, bytes & 0xff);
	return headerOf(FINAL_TEXT, bytes).toString('latin1');
}

/** RFC 6455, section 5.2: a length of up to 125, then 16 bits, then 64. */
function headerOf(first: number, bytes: number): Buffer {
	if (bytes < 126) return Buffer.from([first, bytes]);
	if (bytes < 0x1_00_00) return Buffer.from([first, 126, bytes >> 8, bytes & 0xff]);
	const header = Buffer.alloc(10);
	header[0] = first;
	header[1] = 127;
	header.writeBigUInt64BE(BigInt(bytes), 2);
	return header;
}
