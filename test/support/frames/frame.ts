// Frames as a client sends them, and as none should.

export interface FrameParts {
	opcode: number;
	payload?: string | Buffer;
	final?: boolean;
	reserved?: number;
	/** Null for a frame without one. */
	mask?: readonly number[] | null;
	/** The form of the length; the shortest where it is absent. */
	lengthBits?: 7 | 16 | 64;
	/** What the header says, where it does not tell the truth. */
	length?: bigint;
}

const MASK = [0x37, 0xfa, 0x21, 0x3d];

export function frame(parts: FrameParts): Buffer {
	const { opcode, final = true, reserved = 0, mask = MASK } = parts;
	const payload = Buffer.from(parts.payload ?? '');
	const length = parts.length ?? BigInt(payload.length);
	const lengthBits = parts.lengthBits ?? shortest(length);
	const head = [(final ? 0x80 : 0) | (reserved << 4) | opcode, (mask ? 0x80 : 0) | LENGTH_FIELD[lengthBits](length)];
	const extended = Buffer.alloc(lengthBits === 7 ? 0 : lengthBits / 8);
	if (lengthBits === 16) extended.writeUInt16BE(Number(length & 0xffffn));
	if (lengthBits === 64) extended.writeBigUInt64BE(length);
	if (!mask) return Buffer.concat([Buffer.from(head), extended, payload]);
	const masked = payload.map((byte, index) => byte ^ (mask[index % 4] ?? 0));
	return Buffer.concat([Buffer.from(head), extended, Buffer.from(mask), masked]);
}

const shortest = (length: bigint) => (length < 126n ? 7 : length < 65_536n ? 16 : 64);

const LENGTH_FIELD = { 7: (length: bigint) => Number(length), 16: () => 126, 64: () => 127 };

export const CONTINUATION = 0;
export const TEXT = 1;
export const BINARY = 2;
export const CLOSE = 8;
export const PING = 9;
export const PONG = 10;

export const text = (payload: string | Buffer): Buffer => frame({ opcode: TEXT, payload });

/** A message in several frames. */
export const fragments = (opcode: number, ...payloads: (string | Buffer)[]): Buffer[] =>
	payloads.map((payload, index) =>
		frame({ opcode: index === 0 ? opcode : CONTINUATION, payload, final: index === payloads.length - 1 })
	);

export const closing = (code: number, reason: string | Buffer = ''): Buffer =>
	frame({ opcode: CLOSE, payload: Buffer.concat([Buffer.from([code >> 8, code & 0xff]), Buffer.from(reason)]) });
