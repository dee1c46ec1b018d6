// WebSocket frames as a server sends them: a header without a mask, then the text. Written here and not by `ws`, because a
// message for many sockets is then framed once, and an answer leaves as one string in one write.

import type { TransportSocket } from '../../server/transport.ts';

type Frame = Parameters<TransportSocket['send']>[0][number];

const FINAL_TEXT = 0x81;
/** Marks a frame that one socket has sent: its second socket keeps the bytes for the others. */
const SENT_ONCE = Symbol('sent once');

/** What to write, and how a string is encoded. */
export interface Output {
	data: string | Buffer;
	encoding: 'latin1' | undefined;
}

/** The messages as one WebSocket message, joined by line ends as the protocol says. */
export function outputOf(frames: readonly Frame[]): Output {
	const [first] = frames;
	return frames.length === 1 && first ? single(first) : joined(frames);
}

/** A frame that is sent again was made for many: from then on it keeps its bytes. */
function single(frame: Frame): Output {
	if (Buffer.isBuffer(frame.encoded)) return { data: frame.encoded, encoding: undefined };
	if (frame.encoded !== SENT_ONCE) {
		frame.encoded = SENT_ONCE;
		return encode(frame.text, frame.bytes);
	}
	const bytes = bufferOf(frame.text, frame.bytes);
	frame.encoded = bytes;
	return { data: bytes, encoding: undefined };
}

function joined(frames: readonly Frame[]): Output {
	let text = '';
	let bytes = Math.max(0, frames.length - 1);
	for (const [index, frame] of frames.entries()) {
		text += index === 0 ? frame.text : `\n${frame.text}`;
		bytes += frame.bytes;
	}
	return encode(text, bytes);
}

/** Text in ASCII is the same in latin1, which Node writes without a copy into a Buffer. */
function encode(text: string, bytes: number): Output {
	const isAscii = text.length === bytes;
	return isAscii
		? { data: headerOf(bytes).toString('latin1') + text, encoding: 'latin1' }
		: { data: bufferOf(text, bytes), encoding: undefined };
}

function bufferOf(text: string, bytes: number): Buffer {
	const header = headerOf(bytes);
	const output = Buffer.allocUnsafeSlow(header.length + bytes);
	header.copy(output);
	output.write(text, header.length, 'utf8');
	return output;
}

/** RFC 6455, section 5.2: a length of up to 125, then 16 bits, then 64. */
function headerOf(bytes: number): Buffer {
	if (bytes < 126) return Buffer.from([FINAL_TEXT, bytes]);
	if (bytes < 0x1_00_00) return Buffer.from([FINAL_TEXT, 126, bytes >> 8, bytes & 0xff]);
	const header = Buffer.alloc(10);
	header[0] = FINAL_TEXT;
	header[1] = 127;
	header.writeBigUInt64BE(BigInt(bytes), 2);
	return header;
}
