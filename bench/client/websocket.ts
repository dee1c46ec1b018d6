// The client's side of a WebSocket on a raw socket, as little of it as a measurement needs: the load client must cost
// less than what it measures. Frames are masked with zeros, reads share one buffer, nothing is allocated per frame.

import { connect, type Socket } from 'node:net';

/** Told where a text message lies in a buffer that is reused as soon as this returns. */
export type OnText = (bytes: Buffer, start: number, end: number) => void;

export interface Target {
	port: number;
	path: string;
	headers?: string;
}

const READ_BYTES = 256 * 1024;
const shared = Buffer.allocUnsafeSlow(READ_BYTES);
const NONE = Buffer.alloc(0);
const OPCODE = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 };

export class RawWebSocket {
	onText: OnText = () => {};
	onClosed: (reason: string) => void = () => {};
	readonly #socket: Socket;
	readonly #onOpen: () => void;
	#rest: Buffer = NONE;
	#isOpen = false;

	constructor({ port, path, headers = '' }: Target, onOpen: () => void) {
		this.#onOpen = onOpen;
		this.#socket = connect({
			port,
			host: '127.0.0.1',
			noDelay: true,
			onread: { buffer: shared, callback: (length) => (this.#read(length), true) }
		});
		this.#socket.write(
			`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
				`Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${headers}\r\n`
		);
		this.#socket.on('error', (error) => this.onClosed(error.message));
		this.#socket.on('close', () => this.onClosed('closed'));
	}

	/** Each text as a frame of its own, all in one write. */
	send(...texts: string[]): void {
		let output = '';
		for (const text of texts) output += header(text.length, OPCODE.text) + text;
		this.#socket.write(output, 'latin1');
	}

	/** Without a close handshake, as a network does it. */
	destroy(): void {
		this.onClosed = () => {};
		this.#socket.destroy();
	}

	#read(length: number): void {
		let bytes = shared.subarray(0, length);
		if (this.#rest.length > 0) bytes = Buffer.concat([this.#rest, bytes]);
		const taken = this.#isOpen ? this.#takeFrames(bytes, 0) : this.#takeHead(bytes);
		this.#rest = taken === bytes.length ? NONE : Buffer.from(bytes.subarray(taken));
	}

	#takeHead(bytes: Buffer): number {
		const end = bytes.indexOf('\r\n\r\n');
		if (end === -1) return 0;
		const status = bytes.toString('latin1', 9, 12);
		if (status !== '101') {
			this.onClosed(`the upgrade was answered with ${status}`);
			return bytes.length;
		}
		this.#isOpen = true;
		this.#onOpen();
		return this.#takeFrames(bytes, end + 4);
	}

	/** Returns how far whole frames reach. */
	#takeFrames(bytes: Buffer, from: number): number {
		let at = from;
		while (bytes.length - at >= 2) {
			const short = bytes[at + 1] ?? 0;
			const start = at + (short < 126 ? 2 : short === 126 ? 4 : 10);
			if (start > bytes.length) return at;
			const end = start + (short < 126 ? short : lengthAt(bytes, at + 2, short));
			if (end > bytes.length) return at;
			this.#takeFrame(bytes, { first: bytes[at] ?? 0, start, end });
			at = end;
		}
		return at;
	}

	#takeFrame(bytes: Buffer, { first, start, end }: FrameAt): void {
		const opcode = first & 0x0f;
		if ((first & 0xf0) !== 0x80)
			throw new Error(`a frame begins with 0x${first.toString(16)}: none is split or compressed`);
		if (opcode === OPCODE.text || opcode === OPCODE.binary) this.onText(bytes, start, end);
		else if (opcode === OPCODE.ping) this.#socket.write(header(0, OPCODE.pong), 'latin1');
		else if (opcode === OPCODE.close) this.onClosed(`close frame ${bytes.toString('latin1', start + 2, end)}`);
	}
}

interface FrameAt {
	first: number;
	start: number;
	end: number;
}

function lengthAt(bytes: Buffer, at: number, kind: number): number {
	return kind === 126 ? bytes.readUInt16BE(at) : Number(bytes.readBigUInt64BE(at));
}

const MASK = '\0\0\0\0';

function header(length: number, opcode: number): string {
	const first = String.fromCharCode(0x80 | opcode);
	if (length < 126) return first + String.fromCharCode(0x80 | length) + MASK;
	if (length > 0xffff) throw new RangeError('the load client sends at most 65535 bytes in a frame');
	return first + String.fromCharCode(0xfe, length >> 8, length & 0xff) + MASK;
}
