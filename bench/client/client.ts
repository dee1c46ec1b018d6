// One connection of the load client: speaks a dialect, and checks for every topic that events arrive exactly once and in
// order. Invariant: whatever is lost, repeated or reordered shows in `faults`.

import { findMark, sequenceAt, topicAt } from '../lib/payload.ts';
import { DIALECTS, type Dialect, type DialectName } from './dialects.ts';
import { RawWebSocket } from './websocket.ts';

/** What went wrong on the way, over all connections of a scenario. */
export interface Faults {
	lost: number;
	repeated: number;
	reordered: number;
	/** Connections that ended although nobody ended them. */
	closed: number;
}

export const noFaults = (): Faults => ({ lost: 0, repeated: 0, reordered: 0, closed: 0 });

export interface Endpoint {
	port: number;
	dialect: DialectName;
	faults: Faults;
}

export class Client {
	/** Told of every mark: an event, or the answer to a call. */
	onMark: (topic: number, sequence: number) => void = () => {};
	readonly #socket: RawWebSocket;
	readonly #dialect: Dialect;
	readonly #faults: Faults;
	/** The last event of each topic. */
	readonly #last = new Map<number, number>();
	#onReady: () => void;
	#onSubscribed: (() => void)[] = [];
	#ids = 0;

	private constructor({ port, dialect, faults }: Endpoint, onReady: () => void) {
		this.#dialect = DIALECTS[dialect];
		this.#faults = faults;
		this.#onReady = onReady;
		this.#socket = new RawWebSocket({ port, path: this.#dialect.path }, () => this.#opened());
		this.#socket.onText = (bytes, start, end) => this.#take(bytes, start, end);
		this.#socket.onClosed = (reason) => this.#closed(reason);
	}

	/** Resolves when the server answers calls. */
	static open(endpoint: Endpoint): Promise<Client> {
		return new Promise((resolve) => {
			const client: Client = new Client(endpoint, () => resolve(client));
		});
	}

	/** Resolves when the server says that events arrive from now on. */
	subscribe(topic: number): Promise<void> {
		return new Promise((resolve) => {
			this.#onSubscribed.push(resolve);
			this.#socket.send(this.#dialect.subscribe(++this.#ids, topic));
		});
	}

	call(...values: string[]): void {
		this.#socket.send(...values.map((value) => this.#dialect.call(++this.#ids, value)));
	}

	publish(...events: { topic: number; value: string }[]): void {
		this.#socket.send(...events.map(({ topic, value }) => this.#dialect.publish(++this.#ids, topic, value)));
	}

	/** Asks for rows; each of them is a mark. Returns what to call when they are there. */
	load(count: number): () => void {
		const id = ++this.#ids;
		const text = this.#dialect.load(id, count);
		if (text === null) throw new Error('this server is not asked for rows');
		this.#socket.send(text);
		const end = this.#dialect.unload(id);
		return () => end !== null && this.#socket.send(end);
	}

	destroy(): void {
		this.#socket.destroy();
	}

	/** Counts an event against the one before it on its topic. */
	checkOrder(topic: number, sequence: number): void {
		const expected = (this.#last.get(topic) ?? 0) + 1;
		if (sequence === expected) this.#last.set(topic, sequence);
		else if (sequence > expected) {
			this.#faults.lost += sequence - expected;
			this.#last.set(topic, sequence);
		} else if (sequence === expected - 1) this.#faults.repeated++;
		else this.#faults.reordered++;
	}

	#opened(): void {
		if (this.#dialect.greeting !== null) this.#socket.send(this.#dialect.greeting);
		else if (!this.#dialect.greets) this.#ready();
	}

	#ready(): void {
		const ready = this.#onReady;
		this.#onReady = () => {};
		ready();
	}

	#take(bytes: Buffer, start: number, end: number): void {
		let at = findMark(bytes, start, end);
		if (at === -1) return this.#control(bytes.toString('latin1', start, end));
		for (; at !== -1; at = findMark(bytes, at, end)) this.onMark(topicAt(bytes, at), sequenceAt(bytes, at));
	}

	#control(text: string): void {
		for (const message of text.split('\n')) {
			const meaning = this.#dialect.control(message);
			if (meaning === 'ready') this.#ready();
			else if (meaning === 'subscribed') this.#onSubscribed.shift()?.();
			else if (meaning !== null) this.#socket.send(meaning.reply);
		}
	}

	#closed(reason: string): void {
		if (this.#faults.closed++ === 0) console.error(`a connection ended: ${reason}`);
	}
}

/** Opens many, some at a time, so that no listen queue overflows. */
export async function openMany(
	endpoint: Endpoint,
	count: number,
	prepare?: (client: Client) => Promise<unknown>
): Promise<Client[]> {
	const clients: Client[] = [];
	const open = async (): Promise<void> => {
		while (clients.length < count) {
			const index = clients.length;
			clients.length++;
			const client = await Client.open(endpoint);
			clients[index] = client;
			await prepare?.(client);
		}
	};
	await Promise.all(Array.from({ length: 100 }, open));
	return clients;
}
