// A transport without a network: joins a real client with a real server in one process, and can fail in every way that
// a network fails. Within one connection the order is kept and nothing arrives twice, as with TCP; a connection that is
// cut loses what is in flight, and the frames of an old connection may arrive after those of its successor.

import type { Clock, Timer } from '../base/clock.ts';
import type { ClientSocket, ClientSocketEvents } from '../client/socket.ts';
import { MESSAGE_SEPARATOR } from '../protocol/frame.ts';
import type { Frame } from '../server/frame.ts';
import type { SocketEvents, TransportSocket } from '../server/transport.ts';
import { Pipe } from './pipe.ts';

export interface LoopbackOptions {
	clock: Clock;
	/** Takes the connection at the server; null where nobody listens. */
	accept: (socket: TransportSocket) => SocketEvents | null;
	/** How long the next frame travels, in milliseconds; 0 for the next pass of the event loop. @default 0 */
	latencyMs?: () => number;
	/** Bytes that are on their way to a client that does not read, before the server has to keep the rest. @default 65536 */
	windowBytes?: number;
}

/** How long a server waits for the answer to its close frame, as `ws` does. */
const CLOSE_TIMEOUT_MS = 30_000;

/** The peer is gone without a close frame (RFC 6455, section 7.1.5). */
const ABNORMAL_CLOSE = 1006;

interface Outgoing {
	bytes: number;
	deliver: () => void;
}

/** One connection, from the attempt on. The client holds it as its socket. */
export class LoopbackConnection implements ClientSocket {
	/** The server's end. */
	readonly socket: TransportSocket;
	readonly #clock: Clock;
	readonly #windowBytes: number;
	readonly #up: Pipe;
	readonly #down: Pipe;
	#client: ClientSocketEvents | null;
	#server: SocketEvents | null = null;
	/** What the server sent and the network has not taken. */
	#outgoing: Outgoing[] = [];
	#bufferedBytes = 0;
	#inFlightBytes = 0;
	/** Whether either end has closed: nothing more is sent. */
	#closing = false;
	/** Whether the network takes nothing any more. */
	#dead = false;
	#closeTimer: Timer;

	constructor(options: LoopbackOptions, client: ClientSocketEvents) {
		const { clock, accept, latencyMs = () => 0, windowBytes = 65_536 } = options;
		this.#clock = clock;
		this.#windowBytes = windowBytes;
		this.#up = new Pipe({ clock, latencyMs });
		this.#down = new Pipe({ clock, latencyMs });
		this.#client = client;
		this.socket = this.#serverSocket();
		this.#up.put(() => this.#arrive(accept));
	}

	#arrive(accept: LoopbackOptions['accept']): void {
		const server = accept(this.socket);
		if (server === null) return this.#endClient(ABNORMAL_CLOSE, 'nobody listens');
		this.#server = server;
		this.#down.put(() => this.#client?.opened());
	}

	#serverSocket(): TransportSocket {
		const bufferedBytes = (): number => this.#bufferedBytes;
		return {
			remoteAddress: 'loopback',
			get bufferedBytes() {
				return bufferedBytes();
			},
			send: (frames) => this.#sendDown(frames),
			sendMessage: (data) => this.#putDown(data, data.length),
			close: (code, reason) => this.#closeDown(code, reason),
			terminate: () => this.#lose('terminated'),
			pause: () => this.#up.pause(),
			resume: () => this.#up.resume()
		};
	}

	/** The client's end. */
	send(data: string | Uint8Array): void {
		this.#up.put(() => this.#server?.message(data));
	}

	/** The client closes: it hears nothing more, the server takes what was sent before. */
	close(code: number): void {
		if (this.#client === null) return;
		this.#client = null;
		this.#down.shut();
		this.#up.resume();
		this.#up.put(() => this.#endServer(code, ''));
	}

	#sendDown(frames: readonly Frame[]): void {
		if (frames.length === 0) return;
		const text = frames.map((frame) => frame.text).join(MESSAGE_SEPARATOR);
		const bytes = frames.reduce((sum, frame) => sum + frame.bytes, frames.length - 1);
		this.#putDown(text, bytes);
	}

	/** A browser's socket gives bytes as an `ArrayBuffer`. */
	#putDown(data: string | Uint8Array, bytes: number): void {
		if (this.#closing) return;
		const content = typeof data === 'string' ? data : data.slice().buffer;
		this.#bufferedBytes += bytes;
		this.#outgoing.push({ bytes, deliver: () => this.#client?.message(content) });
		this.#fillWindow();
	}

	/** As a kernel does: takes what fits, one frame at least. */
	#fillWindow(): void {
		while (!this.#dead) {
			const next = this.#outgoing[0];
			if (!next || (this.#inFlightBytes > 0 && this.#inFlightBytes + next.bytes > this.#windowBytes)) return;
			this.#outgoing.shift();
			this.#bufferedBytes -= next.bytes;
			this.#inFlightBytes += next.bytes;
			this.#down.put(() => this.#delivered(next));
		}
	}

	#delivered({ bytes, deliver }: Outgoing): void {
		const hadToKeep = this.#bufferedBytes > 0;
		this.#inFlightBytes -= bytes;
		this.#fillWindow();
		deliver();
		if (hadToKeep && this.#bufferedBytes === 0) this.#server?.drained();
	}

	/** The server closes: everything sent before arrives first. */
	#closeDown(code: number, reason: string): void {
		if (this.#closing) return;
		this.#closing = true;
		this.#up.resume(); // the answer to the close must be read
		const end = (): void => {
			this.#endClient(code, reason);
			this.#up.put(() => this.#endServer(code, reason));
		};
		this.#closeTimer = this.#clock.setTimer(() => this.#lose('no answer to the close'), CLOSE_TIMEOUT_MS);
		this.#outgoing.push({ bytes: 0, deliver: end });
		this.#fillWindow();
	}

	/** The connection breaks: what is in flight is lost, and both ends learn it. */
	cut(): void {
		this.#lose('cut');
	}

	/** The connection is dead and neither end is told. */
	silence(): void {
		this.#dead = true;
		this.#up.shut();
		this.#down.shut();
	}

	/** The client stops reading. */
	stall(): void {
		this.#down.pause();
	}

	/** The client reads again. */
	flow(): void {
		this.#down.resume();
	}

	/** Whether the server still counts on the connection. */
	get isOpenAtServer(): boolean {
		return this.#server !== null;
	}

	#lose(reason: string): void {
		this.silence();
		this.#clock.defer(() => {
			this.#endServer(ABNORMAL_CLOSE, reason);
			this.#endClient(ABNORMAL_CLOSE, reason);
		});
	}

	#endServer(code: number, reason: string): void {
		const server = this.#server;
		this.#server = null;
		this.#closing = true;
		this.#clock.clearTimer(this.#closeTimer);
		this.#outgoing = [];
		this.#bufferedBytes = 0;
		server?.closed(code, reason);
	}

	#endClient(code: number, reason: string): void {
		const client = this.#client;
		this.#client = null;
		client?.closed(code, reason);
	}
}
