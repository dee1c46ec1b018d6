// A client that speaks the protocol over a raw socket, for tests of servers that run in processes of their own.
import { encodeCall, type Failure } from '../../src/protocol/call.ts';
import { decodeDown, type DownMessage } from '../../src/protocol/down.ts';
import type { Goodbye } from '../../src/protocol/handshake.ts';
import { encodeHello } from '../../src/protocol/handshake.ts';
import { encodeSubscribe } from '../../src/protocol/stream.ts';
import { PROTOCOL_VERSION } from '../../src/protocol/version.ts';
import { connectRaw, type ConnectOptions, type WsClient } from './ws-client.ts';

type Matches<Message extends DownMessage> = (message: DownMessage) => message is Message;

export class LiveClient implements Disposable {
	readonly closed: WsClient['closed'];
	readonly received: DownMessage[] = [];
	readonly headers: WsClient['headers'];
	readonly #client: WsClient;
	readonly #waiting = new Set<() => void>();
	#lastId = 0;

	constructor(client: WsClient) {
		this.headers = client.headers;
		this.#client = client;
		this.closed = client.closed;
		void this.#read();
	}

	/** Connects as a user, or as nobody. */
	static async connect(url: string, user?: string, options: ConnectOptions = {}): Promise<LiveClient> {
		const headers = { ...options.headers, ...(user !== undefined && { cookie: `user=${user}` }) };
		const client = new LiveClient(await connectRaw(url, { ...options, headers }));
		client.#client.send(encodeHello(PROTOCOL_VERSION));
		return client;
	}

	/** Resolves to the result, or to the error's code. */
	async call(path: string, ...args: unknown[]): Promise<unknown> {
		const id = ++this.#lastId;
		this.#client.send(encodeCall(id, path, args));
		const answer = await this.first((message) => 'id' in message && message.id === id);
		if (answer.kind === 'result') return answer.value;
		return (answer as Failure).error.code;
	}

	/** Resolves to the first value. */
	async subscribe(path: string, ...args: unknown[]): Promise<unknown> {
		const id = ++this.#lastId;
		this.#client.send(encodeSubscribe({ id, path, position: null, args }));
		const answer = await this.first((message) => 'id' in message && message.id === id);
		if (answer.kind === 'snapshot') return answer.value;
		return (answer as Failure).error.code;
	}

	/** Leaves what comes in unread, a close too. */
	stopReading(): void {
		this.#client.stopReading();
	}

	goodbye(): Promise<Goodbye> {
		return this.first((message): message is Goodbye => message.kind === 'goodbye');
	}

	/** The first message that matches, also one that came before. */
	first<Message extends DownMessage>(matches: Matches<Message>): Promise<Message>;
	first(matches: (message: DownMessage) => boolean): Promise<DownMessage>;
	first(matches: (message: DownMessage) => boolean): Promise<DownMessage> {
		return new Promise((resolve) => {
			const check = (): void => {
				const found = this.received.find(matches);
				if (!found) return;
				this.#waiting.delete(check);
				resolve(found);
			};
			this.#waiting.add(check);
			check();
		});
	}

	[Symbol.dispose](): void {
		this.#client.vanish();
	}

	async #read(): Promise<void> {
		for (;;) {
			const text = await this.#client.next();
			this.received.push(...decodeDown(String(text)));
			for (const check of this.#waiting) check();
		}
	}
}
