// A user who is signed in and means no good.
import { decodeDown, type DownMessage } from '../../src/protocol/down.ts';
import { connectRaw, type ConnectOptions, type WsClient } from '../support/ws-client.ts';

export interface Ending {
	/** The code of the goodbye; null where none came. */
	goodbye: string | null;
	close: number;
}

export class Attacker implements Disposable {
	readonly client: WsClient;
	readonly received: DownMessage[] = [];
	#heard: () => void = () => {};
	/** Beyond those that tests choose. */
	#nextId = 424_242;

	private constructor(client: WsClient) {
		this.client = client;
		void this.#listen();
	}

	static async connect(url: string, options: ConnectOptions = {}): Promise<Attacker> {
		return new Attacker(await connectRaw(url, { headers: { cookie: 'user=mallory' }, ...options }));
	}

	static async greeted(url: string): Promise<Attacker> {
		const attacker = await Attacker.connect(url);
		attacker.send('["hello",1]');
		return attacker;
	}

	send(...frames: (string | Uint8Array)[]): void {
		for (const frame of frames) this.client.send(frame);
	}

	/** The answer to a call or a stream: the code of its error, or what kind of answer it was. */
	async answerTo(id: number): Promise<string> {
		const message = await this.#first((one) => 'id' in one && one.id === id);
		return message.kind === 'error' ? message.error.code : message.kind;
	}

	/** Whether the connection still works. */
	async isServed(): Promise<boolean> {
		const id = this.#nextId++;
		this.send(`["call",${id},"lib/board/echo",["still here"]]`);
		return (await this.answerTo(id)) === 'result';
	}

	async ending(): Promise<Ending> {
		const { code } = await this.client.closed;
		const goodbye = this.received.find((message) => message.kind === 'goodbye');
		return { goodbye: goodbye?.code ?? null, close: code };
	}

	[Symbol.dispose](): void {
		this.client.vanish();
	}

	async #first(matches: (message: DownMessage) => boolean): Promise<DownMessage> {
		for (;;) {
			const found = this.received.find(matches);
			if (found) return found;
			await new Promise<void>((resolve) => (this.#heard = resolve));
		}
	}

	async #listen(): Promise<void> {
		for (;;) {
			this.received.push(...decodeDown(String(await this.client.next())));
			this.#heard();
		}
	}
}
