// A WebSocket client on a bare TCP connection, for a contract that runs inside of another runtime: what `ws` is there is
// that runtime's own, and does not stop reading.
import { connect, type Socket } from 'node:net';
import type { RawClient } from '../../../src/testing/transport-contract.ts';

const TEXT = 1;
const CLOSE = 8;

export async function connectTcp(port: number): Promise<TcpClient> {
	const socket = connect(port, '127.0.0.1');
	socket.write(
		`GET /__live HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
			'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'
	);
	const client = new TcpClient(socket);
	await client.upgraded;
	return client;
}

class TcpClient implements RawClient {
	readonly upgraded: Promise<void>;
	readonly closed: Promise<{ code: number; reason: string }>;
	readonly #socket: Socket;
	#bytes: Buffer = Buffer.alloc(0);
	#chunks: Buffer[] = [];
	#wanted = 0;
	#onUpgraded: (() => void) | undefined;
	#end = { code: 1006, reason: '' };
	readonly #received: (string | Uint8Array)[] = [];
	readonly #waiting: ((message: string | Uint8Array) => void)[] = [];

	constructor(socket: Socket) {
		this.#socket = socket;
		this.upgraded = new Promise((resolve) => (this.#onUpgraded = resolve));
		this.closed = new Promise((resolve) => socket.on('close', () => resolve(this.#end)));
		socket.on('error', () => {});
		socket.on('data', (chunk: Buffer) => this.#read(chunk));
	}

	send(message: string | Uint8Array): void {
		this.#socket.write(frame(typeof message === 'string' ? TEXT : 2, Buffer.from(message)));
	}

	next(): Promise<string | Uint8Array> {
		const message = this.#received.shift();
		if (message !== undefined) return Promise.resolve(message);
		return new Promise((resolve) => this.#waiting.push(resolve));
	}

	stopReading(): void {
		this.#socket.pause();
	}

	startReading(): void {
		this.#socket.resume();
	}

	close(code: number, reason: string): void {
		this.#socket.write(frame(CLOSE, Buffer.concat([Buffer.from([code >> 8, code & 0xff]), Buffer.from(reason)])));
	}

	vanish(): void {
		this.#socket.destroy();
	}

	/** Joins chunks only when a whole frame may be there: a large one comes in very many. */
	#read(chunk: Buffer): void {
		this.#chunks.push(chunk);
		this.#wanted -= chunk.length;
		if (this.#wanted > 0) return;
		this.#bytes = Buffer.concat([this.#bytes, ...this.#chunks]);
		this.#chunks = [];
		if (this.#onUpgraded && !this.#takeHead()) return;
		while (this.#takeFrame());
	}

	#takeHead(): boolean {
		const end = this.#bytes.indexOf('\r\n\r\n');
		if (end === -1) return false;
		this.#bytes = this.#bytes.subarray(end + 4);
		this.#onUpgraded?.();
		this.#onUpgraded = undefined;
		return true;
	}

	#takeFrame(): boolean {
		const bytes = this.#bytes;
		if (bytes.length < 2) return false;
		const short = bytes[1] ?? 0;
		const start = short < 126 ? 2 : short === 126 ? 4 : 10;
		if (bytes.length < start) return false;
		const length = short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
		this.#wanted = start + length - bytes.length;
		if (this.#wanted > 0) return false;
		this.#take((bytes[0] ?? 0) & 0x0f, bytes.subarray(start, start + length));
		this.#bytes = bytes.subarray(start + length);
		return true;
	}

	#take(opcode: number, payload: Buffer): void {
		if (opcode === CLOSE) return this.#closing(payload);
		if (opcode > 2) return;
		const message = opcode === TEXT ? payload.toString() : new Uint8Array(payload);
		const waiting = this.#waiting.shift();
		if (waiting) waiting(message);
		else this.#received.push(message);
	}

	#closing(payload: Buffer): void {
		this.#end = { code: payload.length >= 2 ? payload.readUInt16BE(0) : 1005, reason: payload.toString('utf8', 2) };
		this.#socket.end(frame(CLOSE, payload));
	}
}

/** With a mask of zeros the payload stays as it is. */
function frame(opcode: number, payload: Buffer): Buffer {
	const length = payload.length < 126 ? [0x80 | payload.length] : [0xfe, payload.length >> 8, payload.length & 0xff];
	return Buffer.concat([Buffer.from([0x80 | opcode, ...length, 0, 0, 0, 0]), payload]);
}
