// A well-behaved user who calls and reads all the while, and remembers everything that was not as it should be.
import { encodeCall } from '../../src/protocol/call.ts';
import { decodeDown, type DownMessage } from '../../src/protocol/down.ts';
import { encodeHello } from '../../src/protocol/handshake.ts';
import { encodePong } from '../../src/protocol/heartbeat.ts';
import { encodeSubscribe } from '../../src/protocol/stream.ts';
import { connectRaw, type WsClient } from '../support/ws-client.ts';

const STREAM = 1;

export class Witness {
	readonly complaints: string[] = [];
	/** Events that arrived, each the one after the one before. */
	events = 0;
	/** Calls that were answered. */
	answers = 0;
	slowestMs = 0;
	readonly #client: WsClient;
	readonly #opened = Promise.withResolvers<void>();
	#stopped = false;
	#nextId = STREAM;
	#answered: (() => void) | null = null;
	#running: Promise<void> = Promise.resolve();

	private constructor(client: WsClient) {
		this.#client = client;
		void client.closed.then(({ code }) => this.#stopped || this.complaints.push(`closed with ${code}`));
		void this.#listen();
	}

	static async connect(url: string): Promise<Witness> {
		const client = await connectRaw(url, { headers: { cookie: 'user=witness' } });
		const witness = new Witness(client);
		client.send(
			`${encodeHello(1)}\n${encodeSubscribe({ id: STREAM, path: 'lib/witness/ticks', position: null, args: [] })}`
		);
		await witness.#opened.promise;
		witness.#running = witness.#call();
		return witness;
	}

	async stop(): Promise<void> {
		this.#stopped = true;
		await this.#running;
		this.#client.vanish();
	}

	async #call(): Promise<void> {
		while (!this.#stopped && this.complaints.length === 0) {
			const started = performance.now();
			const answered = new Promise<void>((resolve) => (this.#answered = resolve));
			this.#client.send(encodeCall(++this.#nextId, 'lib/witness/tick', []));
			await answered;
			this.slowestMs = Math.max(this.slowestMs, performance.now() - started);
			await new Promise((resolve) => setTimeout(resolve, 2));
		}
	}

	async #listen(): Promise<void> {
		for (;;) for (const message of decodeDown(String(await this.#client.next()))) this.#hear(message);
	}

	#hear(message: DownMessage): void {
		switch (message.kind) {
			case 'heartbeat':
				return this.#client.send(encodePong(message.beat));
			case 'event':
				if ((message.data as { id: number }).id !== this.events + 1 || message.offset !== this.events + 1) {
					this.complaints.push(`event ${JSON.stringify(message)} came after ${this.events}`);
				}
				this.events++;
				return;
			case 'result':
				if (message.id !== this.#nextId || message.value !== this.events) {
					this.complaints.push(`the answer ${JSON.stringify(message)} came after event ${this.events}`);
				}
				this.answers++;
				return this.#answered?.();
			case 'welcome':
				return;
			case 'snapshot':
				return this.#opened.resolve();
			default:
				this.complaints.push(JSON.stringify(message));
		}
	}
}
