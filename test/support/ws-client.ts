// A WebSocket client under full control of a test: it can stop reading, vanish without a close, and close as it likes.
import type { IncomingHttpHeaders } from 'node:http';
import { WebSocket } from 'ws';
import type { RawClient } from '../../src/testing/transport-contract.ts';

export interface ConnectOptions {
	headers?: Record<string, string>;
	origin?: string;
}

/** Why an upgrade was refused. */
export class UpgradeRefused extends Error {
	readonly status: number;
	readonly body: string;

	constructor(status: number, body: string) {
		super(`upgrade refused: ${status} ${body}`);
		this.status = status;
		this.body = body;
	}
}

/** Connects, or rejects with {@link UpgradeRefused} or the socket's error. */
export async function connectRaw(url: string, options: ConnectOptions = {}): Promise<WsClient> {
	const ws = new WebSocket(url, { ...options, perMessageDeflate: false });
	const client = new WsClient(ws);
	ws.on('upgrade', ({ headers }) => (client.headers = headers));
	await new Promise<void>((resolve, reject) => {
		ws.on('open', resolve);
		ws.on('error', reject);
		ws.on('unexpected-response', (_request, response) => {
			let body = '';
			response.setEncoding('utf8');
			response.on('data', (chunk: string) => (body += chunk));
			response.on('end', () => reject(new UpgradeRefused(response.statusCode ?? 0, body)));
		});
	});
	return client;
}

export class WsClient implements RawClient {
	readonly closed: Promise<{ code: number; reason: string }>;
	/** Those of the response to the upgrade. */
	headers: IncomingHttpHeaders = {};
	readonly #ws: WebSocket;
	readonly #received: (string | Uint8Array)[] = [];
	readonly #waiting: ((message: string | Uint8Array) => void)[] = [];

	constructor(ws: WebSocket) {
		this.#ws = ws;
		this.closed = new Promise((resolve) => {
			ws.on('close', (code, reason) => resolve({ code, reason: reason.toString() }));
		});
		ws.on('error', () => {});
		ws.on('message', (data: Buffer, isBinary) => this.#receive(isBinary ? new Uint8Array(data) : data.toString()));
	}

	send(message: string | Uint8Array): void {
		this.#ws.send(message, { binary: typeof message !== 'string' });
	}

	next(): Promise<string | Uint8Array> {
		const message = this.#received.shift();
		if (message !== undefined) return Promise.resolve(message);
		return new Promise((resolve) => this.#waiting.push(resolve));
	}

	/** What the server has not taken yet. */
	get unsentBytes(): number {
		return this.#ws.bufferedAmount;
	}

	stopReading(): void {
		this.#ws.pause();
	}

	startReading(): void {
		this.#ws.resume();
	}

	close(code: number, reason: string): void {
		this.#ws.close(code, reason);
	}

	vanish(): void {
		this.#ws.terminate();
	}

	#receive(message: string | Uint8Array): void {
		const waiting = this.#waiting.shift();
		if (waiting) waiting(message);
		else this.#received.push(message);
	}
}
