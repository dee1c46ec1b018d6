// A peer on a bare TCP connection, which can say what no WebSocket library would.
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';

const UPGRADE =
	'GET /__live HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
	'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nCookie: user=mallory\r\n\r\n';

const TEXT = 1;
const CLOSE = 8;

export class RawPeer implements Disposable {
	readonly socket: Socket;
	#received: Buffer = Buffer.alloc(0);
	readonly #closed: Promise<void>;
	#isUpgraded = false;

	private constructor(socket: Socket) {
		this.socket = socket;
		socket.on('error', () => {});
		this.#closed = new Promise((resolve) => socket.on('close', () => resolve()));
		socket.on('data', (chunk: Buffer) => (this.#received = Buffer.concat([this.#received, chunk])));
	}

	static async connect(port: number): Promise<RawPeer> {
		const socket = connect(port, '127.0.0.1');
		await once(socket, 'connect');
		return new RawPeer(socket);
	}

	/** A peer that has shaken hands, and said hello where that is asked for. */
	static async upgraded(port: number, hello = true): Promise<RawPeer> {
		const peer = await RawPeer.connect(port);
		peer.socket.write(UPGRADE);
		while (!peer.#received.includes('\r\n\r\n')) await once(peer.socket, 'data');
		peer.#received = peer.#received.subarray(peer.#received.indexOf('\r\n\r\n') + 4);
		peer.#isUpgraded = true;
		if (hello) peer.socket.write(frame(TEXT, '["hello",1]'));
		return peer;
	}

	/** Waits for the end of the connection. */
	async ended(): Promise<{ text: string; code: number | null; messages: string[] }> {
		await this.#closed;
		if (!this.#isUpgraded) return { text: this.#received.toString(), code: null, messages: [] };
		const { frames } = framesOf(this.#received);
		const close = frames.find(({ opcode }) => opcode === CLOSE);
		return {
			text: '',
			code: close ? close.payload.readUInt16BE(0) : null,
			messages: frames
				.filter(({ opcode }) => opcode === TEXT)
				.flatMap(({ payload }) => payload.toString().split('\n'))
		};
	}

	[Symbol.dispose](): void {
		this.socket.destroy();
	}
}

interface WebSocketFrame {
	opcode: number;
	payload: Buffer;
}

/** A masked frame, as a client has to send it: with a mask of zeros the payload stays as it is. */
export function frame(opcode: number, payload: string | Buffer, { final = true, masked = true, rsv = 0 } = {}): Buffer {
	const body = Buffer.from(payload);
	const mask = masked ? 0x80 : 0;
	const first = (final ? 0x80 : 0) | (rsv << 4) | opcode;
	const length = body.length < 126 ? [mask | body.length] : [mask | 126, body.length >> 8, body.length & 0xff];
	return Buffer.concat([Buffer.from([first, ...length]), masked ? Buffer.alloc(4) : Buffer.alloc(0), body]);
}

/** The frames that are there as a whole, and what is left. */
export function framesOf(bytes: Buffer): { frames: WebSocketFrame[]; rest: Buffer } {
	const frames: WebSocketFrame[] = [];
	let at = 0;
	while (at + 2 <= bytes.length) {
		const short = bytes[at + 1]! & 0x7f;
		const start = at + (short === 127 ? 10 : short === 126 ? 4 : 2);
		if (start > bytes.length) break;
		const length = short < 126 ? short : bytes.readUIntBE(start - (short === 126 ? 2 : 6), short === 126 ? 2 : 6);
		if (start + length > bytes.length) break;
		frames.push({ opcode: bytes[at]! & 0x0f, payload: bytes.subarray(start, start + length) });
		at = start + length;
	}
	return { frames, rest: bytes.subarray(at) };
}
