// The header of a client's frame (RFC 6455, section 5.2), part by part, since it may come in pieces: two bytes of flags, up
// to eight of a length, four of a mask. A length in more bytes than it needs is taken, as `ws` takes it.

/** The first two bytes: kind, flags, and the length or how it goes on. */
export const FLAG_BYTES = 2;
export const MASK_BYTES = 4;
export const MAX_HEADER_BYTES = 14;

const CONTINUATION = 0;
const TEXT = 1;
export const BINARY = 2;
export const CLOSE = 8;
export const PING = 9;
export const PONG = 10;

const FINAL = 0x80;
const RESERVED = 0x70;
const OPCODE = 0x0f;
const MASKED = 0x80;
const LENGTH = 0x7f;
const IN_16_BITS = 126;
const IN_64_BITS = 127;
const MAX_CONTROL_BYTES = 125;

export const isFinal = (first: number): boolean => (first & FINAL) !== 0;
export const opcodeOf = (first: number): number => first & OPCODE;
export const isControl = (first: number): boolean => opcodeOf(first) >= CLOSE;

/** Whether a client may send a frame that begins so. */
export function isAllowed(first: number, second: number, inMessage: boolean): boolean {
	if ((first & RESERVED) !== 0 || (second & MASKED) === 0) return false;
	const opcode = opcodeOf(first);
	if (opcode === CONTINUATION) return inMessage;
	if (opcode === TEXT || opcode === BINARY) return !inMessage;
	return opcode >= CLOSE && opcode <= PONG && isFinal(first) && isControlLength(opcode, second & LENGTH);
}

/** A close frame has no payload, or at least a code of two bytes. */
function isControlLength(opcode: number, length: number): boolean {
	return length <= MAX_CONTROL_BYTES && !(opcode === CLOSE && length === 1);
}

/** Where the length ends, and the mask begins. */
export function lengthEnd(second: number): number {
	const length = second & LENGTH;
	if (length === IN_64_BITS) return FLAG_BYTES + 8;
	return length === IN_16_BITS ? FLAG_BYTES + 2 : FLAG_BYTES;
}

/** The length of the payload, for a header at `at`. Above 2^53 it is not exact, and too much for anybody. */
export function payloadLength(bytes: Buffer, at: number): number {
	const length = (bytes[at + 1] ?? 0) & LENGTH;
	if (length < IN_16_BITS) return length;
	if (length === IN_16_BITS) return bytes.readUInt16BE(at + FLAG_BYTES);
	return bytes.readUInt32BE(at + FLAG_BYTES) * 0x1_0000_0000 + bytes.readUInt32BE(at + FLAG_BYTES + 4);
}
