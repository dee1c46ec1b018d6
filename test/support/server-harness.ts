// A LiveServer without a network: sockets under full control of a test, on a clock that the test moves.
import type { LiveError } from '../../src/base/errors.ts';
import { memory } from '../../src/backplanes/memory/memory.ts';
import { encodeCall } from '../../src/protocol/call.ts';
import { decodeDown, type DownMessage } from '../../src/protocol/down.ts';
import { encodeHello } from '../../src/protocol/handshake.ts';
import type { Position } from '../../src/protocol/position.ts';
import { encodeSubscribe } from '../../src/protocol/stream.ts';
import { PROTOCOL_VERSION } from '../../src/protocol/version.ts';
import { BinaryFrame, type Frame } from '../../src/server/frame.ts';
import { LiveServer, type ServerOptions } from '../../src/server/server.ts';
import type { Session } from '../../src/server/session.ts';
import type { SocketEvents, TransportSocket } from '../../src/server/transport.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';

/**
 * A peer. While it reads, the network takes everything at once and nothing is ever buffered, as with a large kernel
 * buffer; while it does not, everything stays in the process.
 */
export class FakeSocket implements TransportSocket {
	readonly remoteAddress = '192.0.2.1';
	readonly sent: string[] = [];
	/** Binary messages. */
	readonly sentBytes: Uint8Array[] = [];
	closedWith: { code: number; reason: string } | null = null;
	terminated = false;
	paused = false;
	/** How many writes there were. */
	writes = 0;
	#waiting: Frame[] = [];
	#reads = true;
	events: SocketEvents | null = null;

	get bufferedBytes(): number {
		return this.#waiting.reduce((sum, frame) => sum + frame.bytes, 0);
	}

	send(frames: readonly Frame[]): void {
		this.writes++;
		if (this.#reads) this.#take(frames);
		else this.#waiting.push(...frames);
	}

	sendMessage(data: Uint8Array): void {
		this.send([new BinaryFrame(data)]);
	}

	#take(frames: readonly Frame[]): void {
		for (const frame of frames) {
			if (frame instanceof BinaryFrame) this.sentBytes.push(frame.data);
			else this.sent.push(frame.text);
		}
	}

	close(code: number, reason: string): void {
		this.closedWith ??= { code, reason };
	}

	terminate(): void {
		this.terminated = true;
	}

	pause(): void {
		this.paused = true;
	}

	resume(): void {
		this.paused = false;
	}

	stopReading(): void {
		this.#reads = false;
	}

	/** Takes everything that waits, and goes on reading. */
	read(): void {
		this.#reads = true;
		const hadToWait = this.#waiting.length > 0;
		this.#take(this.#waiting);
		this.#waiting = [];
		if (hadToWait) this.events?.drained();
	}
}

/** What only some clients understand. */
const EXTRAS = new Map(['value', 'wanted'].map((kind) => [kind, () => () => {}]));

type Kind = DownMessage['kind'];
type Message<Of extends Kind> = Extract<DownMessage, { kind: Of }>;

/** The client's end of one connection. */
export class FakeClient {
	readonly socket = new FakeSocket();
	readonly #clock: VirtualClock;
	#ids = 0;

	constructor(server: LiveServer, session: Session | null, clock: VirtualClock) {
		this.#clock = clock;
		this.socket.events = server.accept(this.socket, session);
	}

	/** Sends frames, and lets the server do what it does without time passing. */
	async say(...frames: (string | Uint8Array)[]): Promise<void> {
		for (const frame of frames) this.socket.events?.message(frame);
		await this.#clock.settle();
	}

	async hello(): Promise<this> {
		await this.say(encodeHello(PROTOCOL_VERSION));
		return this;
	}

	/** Calls a function. Returns the id of the call. */
	async call(path: string, ...args: unknown[]): Promise<number> {
		const id = ++this.#ids;
		await this.say(encodeCall(id, path, args));
		return id;
	}

	async subscribe(path: string, args: unknown[] = [], position: Position | null = null): Promise<number> {
		const id = ++this.#ids;
		await this.say(encodeSubscribe({ id, path, position, args }));
		return id;
	}

	/** The connection is lost. */
	async vanish(): Promise<void> {
		this.socket.events?.closed(1006, '');
		await this.#clock.settle();
	}

	/** Everything that has arrived and that every client understands. */
	get messages(): DownMessage[] {
		const messages = this.socket.sent.flatMap((text) => decodeDown(text, EXTRAS));
		return messages.filter((message): message is DownMessage => message.kind !== 'extra');
	}

	of<Of extends Kind>(kind: Of): Message<Of>[] {
		return this.messages.filter((message): message is Message<Of> => message.kind === kind);
	}

	/** What arrived for one call or stream: kinds in order. */
	kindsFor(id: number): string[] {
		return this.messages.filter((message) => 'id' in message && message.id === id).map(({ kind }) => kind);
	}

	resultOf(id: number): unknown {
		return this.of('result').find((result) => result.id === id)?.value;
	}

	errorOf(id: number): LiveError | undefined {
		return this.of('error').find((failure) => failure.id === id)?.error;
	}

	/** The code of the goodbye, and what the socket was closed with; null while it is open. */
	get end(): { code: string; close: number } | null {
		const [goodbye] = this.of('goodbye');
		return goodbye && this.socket.closedWith ? { code: goodbye.code, close: this.socket.closedWith.code } : null;
	}
}

export interface Harness {
	server: LiveServer;
	clock: VirtualClock;
	/** What the application's log would hold. */
	errors: { path: string; error: unknown }[];
	/** A client that has said hello. */
	connect: (session?: Session | null) => Promise<FakeClient>;
	/** A client that has said nothing. */
	accept: (session?: Session | null) => FakeClient;
}

export const ada: Session = { user: { id: 'ada' } };
export const bob: Session = { user: { id: 'bob' } };

export async function startServer(
	modules: Record<string, Record<string, unknown>> = {},
	options: Partial<ServerOptions> = {}
): Promise<Harness> {
	const clock = new VirtualClock();
	const errors: Harness['errors'] = [];
	const server = new LiveServer({
		backplane: memory({ epoch: 'e' }),
		clock,
		random: () => 0.5,
		onError: (path, error) => void errors.push({ path, error }),
		...options
	});
	for (const [id, exports] of Object.entries(modules)) server.registry.register(id, exports);
	await server.start();
	const accept = (session: Session | null = ada): FakeClient => new FakeClient(server, session, clock);
	return { server, clock, errors, accept, connect: async (session) => accept(session).hello() };
}
