// A client that says exactly what a test wants, in one write, and counts what it hears. It encodes and decodes no JSON, so
// that what is counted while it runs is the server's.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { frame, framesOf } from '../hardening/raw-peer.ts';

const TEXT = 1;
const UPGRADE =
	'GET /__live HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
	'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';

export class Peer {
	readonly #socket: Socket;
	#rest: Buffer = Buffer.alloc(0);
	#isUpgraded = false;
	/** Messages that arrived. */
	readonly #heard: string[] = [];
	#onHeard: () => void = () => {};

	private constructor(socket: Socket) {
		this.#socket = socket;
		socket.setNoDelay(true);
		socket.on('error', () => {});
		socket.on('data', (chunk: Buffer) => this.#take(chunk));
	}

	/** Connects, and has been welcomed when this resolves. */
	static async open(port: number): Promise<Peer> {
		const socket = connect(port, '127.0.0.1');
		await once(socket, 'connect');
		const peer = new Peer(socket);
		socket.write(UPGRADE);
		peer.#socket.write(frame(TEXT, '["hello",1]'));
		await peer.hears('["welcome"', 1);
		return peer;
	}

	/** Sends each text as a frame of its own, all of them in one write. */
	say(...texts: string[]): void {
		this.#socket.write(Buffer.concat(texts.map((text) => frame(TEXT, text))));
	}

	/** Resolves when that many messages have arrived that begin like this, those that came before included. */
	hears(opening: string, count: number): Promise<void> {
		const isDone = (): boolean => this.#heard.filter((message) => message.startsWith(opening)).length >= count;
		return new Promise((resolve) => {
			this.#onHeard = () => {
				if (isDone()) resolve();
			};
			this.#onHeard();
		});
	}

	/** Forgets what has arrived. */
	forget(): void {
		this.#heard.length = 0;
	}

	close(): void {
		this.#socket.destroy();
	}

	#take(chunk: Buffer): void {
		this.#rest = Buffer.concat([this.#rest, chunk]);
		if (!this.#isUpgraded) {
			const end = this.#rest.indexOf('\r\n\r\n');
			if (end === -1) return;
			this.#isUpgraded = true;
			this.#rest = this.#rest.subarray(end + 4);
		}
		const { frames, rest } = framesOf(this.#rest);
		this.#rest = rest;
		for (const { payload } of frames) this.#heard.push(...payload.toString().split('\n'));
		this.#onHeard();
	}
}

/** Opens many, some at a time, so that no listen queue overflows. */
export async function openPeers(port: number, count: number): Promise<Peer[]> {
	const peers: Peer[] = [];
	while (peers.length < count) {
		const some = Array.from({ length: Math.min(100, count - peers.length) }, () => Peer.open(port));
		peers.push(...(await Promise.all(some)));
	}
	return peers;
}
