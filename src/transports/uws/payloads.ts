// What uWebSockets.js is given to send, which it copies before `send` returns: a text where one socket alone sends it, and
// bytes for what several do. Joined in bytes, ten events cost a quarter less than joined as a text. Invariant: bytes are those
// of exactly the frames that were asked for, until something else is asked for.

import type { Frames } from '../shared/text.ts';

type Frame = Frames[number];

/** Marks a frame that one socket has sent: for its second socket the bytes are kept for all others. */
const SENT_ONCE = Symbol('sent once');

/** Bytes of a frame. A class of its own, because another transport of the server may keep its own there. */
class Encoded {
	readonly bytes: Buffer;

	constructor(text: string) {
		this.bytes = Buffer.from(text);
	}
}

/** Longer messages get a buffer of their own. */
const SCRATCH_BYTES = 64 * 1024;

const LINE_END = '\n'.charCodeAt(0);

export class Payloads {
	#scratch: Buffer | undefined;

	/** The frames joined by line ends, as one message. Bytes are overwritten by the next call. */
	of(frames: Frames): string | Uint8Array {
		const [first] = frames;
		return frames.length === 1 && first ? (bytesOf(first) ?? first.text) : this.#joined(frames);
	}

	#joined(frames: Frames): Uint8Array {
		let length = 0;
		for (const { bytes } of frames) length += bytes + 1;
		const output = this.#outputOf(length);
		let at = 0;
		for (const frame of frames) {
			at += write(frame, output, at);
			output[at++] = LINE_END;
		}
		return output.subarray(0, at - 1);
	}

	#outputOf(length: number): Buffer {
		if (length > SCRATCH_BYTES) return Buffer.allocUnsafeSlow(length);
		return (this.#scratch ??= Buffer.allocUnsafeSlow(SCRATCH_BYTES));
	}
}

/** What is kept of a frame; undefined for the first socket that sends it. */
function bytesOf(frame: Frame): Buffer | undefined {
	if (frame.encoded instanceof Encoded) return frame.encoded.bytes;
	if (frame.encoded !== SENT_ONCE) {
		frame.encoded = SENT_ONCE;
		return undefined;
	}
	const encoded = new Encoded(frame.text);
	frame.encoded = encoded;
	return encoded.bytes;
}

/** Returns how many bytes it wrote. */
function write(frame: Frame, output: Buffer, at: number): number {
	const bytes = bytesOf(frame);
	if (bytes === undefined) return output.write(frame.text, at, frame.bytes === frame.text.length ? 'latin1' : 'utf8');
	output.set(bytes, at);
	return bytes.length;
}
