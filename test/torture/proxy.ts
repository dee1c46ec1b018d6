// A TCP proxy that misbehaves on demand: slow, in slices, silent in one direction or both, broken off. What it holds back it
// passes on later, in order, as a network does that loses packets and sends them again: no byte is ever left out of a
// connection that goes on.

import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

export const DIRECTIONS = ['up', 'down'] as const;
/** `up`: to the service. `down`: from it. */
export type Direction = (typeof DIRECTIONS)[number];

interface Faults {
	/** How long everything takes on its way. */
	delayMs: number;
	/** The largest piece that is passed on at once; 0: as it comes. */
	sliceBytes: number;
	/** What does not get through: the peers are told nothing, not even of an end. */
	readonly held: Set<Direction>;
}

/** What waits to be passed on: bytes, or how the other side ended. */
type Item = Buffer | 'end' | 'reset';

/** One direction of one connection. */
class Pipe {
	readonly #source: Socket;
	readonly #sink: Socket;
	readonly #direction: Direction;
	readonly #faults: Faults;
	readonly #waiting: { item: Item; dueMs: number }[] = [];
	#timer: NodeJS.Timeout | undefined;

	constructor(ends: { source: Socket; sink: Socket }, direction: Direction, faults: Faults) {
		this.#source = ends.source;
		this.#sink = ends.sink;
		this.#direction = direction;
		this.#faults = faults;
		this.#source.on('data', (chunk: Buffer) => this.#take(chunk));
		this.#source.on('end', () => this.#take('end'));
		// A reset shows as an error, and an end that was not announced as a close.
		this.#source.on('error', () => {});
		this.#source.on('close', () => this.#take(this.#source.readableEnded ? 'end' : 'reset'));
	}

	#take(item: Item): void {
		const dueMs = performance.now() + this.#faults.delayMs;
		for (const piece of this.#slices(item)) this.#waiting.push({ item: piece, dueMs });
		this.pass();
	}

	#slices(item: Item): Item[] {
		const { sliceBytes } = this.#faults;
		if (typeof item === 'string' || sliceBytes === 0) return [item];
		const count = Math.ceil(item.length / sliceBytes);
		return Array.from({ length: count }, (_, index) => item.subarray(index * sliceBytes, (index + 1) * sliceBytes));
	}

	/** Passes on what may go now. */
	pass(): void {
		clearTimeout(this.#timer);
		while (this.#mayPass()) {
			this.#forward(this.#waiting.shift()!.item);
			if (this.#faults.sliceBytes === 0) continue;
			// Slices leave one by one, so that the other side reads them one by one.
			this.#timer = setTimeout(() => this.pass(), 0);
			return;
		}
	}

	/** Whether the next item may go. If it is only early, its time is waited for. */
	#mayPass(): boolean {
		const next = this.#waiting[0];
		if (next === undefined || this.#faults.held.has(this.#direction)) return false;
		const waitMs = next.dueMs - performance.now();
		if (waitMs > 0) this.#timer = setTimeout(() => this.pass(), waitMs);
		return waitMs <= 0;
	}

	#forward(item: Item): void {
		if (this.#sink.destroyed) return;
		if (item === 'end') this.#sink.end();
		else if (item === 'reset') this.#sink.resetAndDestroy();
		else this.#sink.write(item);
	}
}

interface Connection {
	sockets: readonly [Socket, Socket];
	pipes: readonly Pipe[];
}

export class Proxy implements AsyncDisposable {
	readonly port: number;
	readonly #server: Server;
	readonly #connections = new Set<Connection>();
	readonly #faults: Faults = { delayMs: 0, sliceBytes: 0, held: new Set() };

	private constructor(server: Server, target: () => number) {
		this.#server = server;
		this.port = (server.address() as AddressInfo).port;
		server.on('connection', (socket) => this.#join(socket, target()));
	}

	/** @param target the port that connections are passed on to, asked for each */
	static async start(target: () => number): Promise<Proxy> {
		const server = createServer({ allowHalfOpen: true, noDelay: true }).listen(0, '127.0.0.1');
		await once(server, 'listening');
		return new Proxy(server, target);
	}

	/** How many connections go through it. */
	get size(): number {
		return this.#connections.size;
	}

	#join(client: Socket, port: number): void {
		const service = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
		const pipes = [
			new Pipe({ source: client, sink: service }, 'up', this.#faults),
			new Pipe({ source: service, sink: client }, 'down', this.#faults)
		];
		const connection: Connection = { sockets: [client, service], pipes };
		this.#connections.add(connection);
		const forget = (): boolean => client.destroyed && service.destroyed && this.#connections.delete(connection);
		client.on('close', forget);
		service.on('close', forget);
	}

	/** From now on everything takes so long. */
	delay(ms: number): void {
		this.#faults.delayMs = ms;
	}

	/** From now on nothing larger is passed on at once; 0: as it comes. */
	slice(bytes: number): void {
		this.#faults.sliceBytes = bytes;
	}

	/** Nothing gets through any more in these directions, also on connections to come: no byte, no end, no reset. */
	hold(...directions: Direction[]): void {
		for (const direction of directions) this.#faults.held.add(direction);
	}

	/** What was held back goes on its way. */
	release(): void {
		this.#faults.held.clear();
		for (const { pipes } of this.#connections) for (const pipe of pipes) pipe.pass();
	}

	/** Breaks every connection, as a router does that has forgotten them. */
	reset(): void {
		for (const { sockets } of [...this.#connections]) for (const socket of sockets) socket.resetAndDestroy();
	}

	/** Ends every connection in order, for both sides. */
	end(): void {
		for (const { sockets } of [...this.#connections]) for (const socket of sockets) socket.destroySoon();
	}

	/** No faults any more. What was held back is passed on, or its connections are reset. */
	heal(how: 'release' | 'reset'): void {
		this.delay(0);
		this.slice(0);
		if (how === 'reset') this.reset();
		this.release();
	}

	async [Symbol.asyncDispose](): Promise<void> {
		const closed = once(this.#server, 'close');
		this.#server.close();
		this.reset();
		await closed;
	}
}
