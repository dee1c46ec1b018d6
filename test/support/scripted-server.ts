// A server that a test plays by hand, for the unit tests of the client: it decodes what the client says with the real
// codec, and says only what the test tells it to.
import { decodeUp, type UpMessage } from '../../src/protocol/up.ts';
import type { LiveError } from '../../src/base/errors.ts';
import type { MergeSpec } from '../../src/base/merge.ts';
import { Client } from '../../src/client/client.ts';
import type { EnvironmentSignal } from '../../src/client/environment.ts';
import type { ClientOptions } from '../../src/client/options.ts';
import type { ClientSocket, ClientSocketEvents, ConnectSocket } from '../../src/client/socket.ts';
import { encodeError, encodeResult } from '../../src/protocol/call.ts';
import { encodeGoodbye, encodeWelcome } from '../../src/protocol/handshake.ts';
import { encodeHeartbeat, type Head } from '../../src/protocol/heartbeat.ts';
import { DEFAULT_LIMITS, type Limits } from '../../src/protocol/limits.ts';
import type { Position } from '../../src/protocol/position.ts';
import {
	encodeEvent,
	encodeEventBody,
	encodeListedEvent,
	encodeReset,
	encodeResumed,
	encodeSnapshot,
	type ResetReason
} from '../../src/protocol/stream.ts';
import { encodeValue } from '../../src/protocol/value.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';

export const CRUD: MergeSpec = { kind: 'crud', key: 'id', prepend: false, max: 0 };

type ListedEvent = [offset: number, event: string, data: unknown];

interface StreamAnswer {
	alias?: number;
	position?: Position | null;
	merge?: MergeSpec;
	events?: ListedEvent[];
}

/** One connection as its server sees it. */
export class ScriptedSocket implements ClientSocket {
	readonly url: string;
	/** Every frame the client sent, as text. */
	readonly frames: string[] = [];
	/** How the client closed it. */
	closedWith: number | null = null;
	readonly #events: ClientSocketEvents;
	#taken = 0;

	constructor(url: string, events: ClientSocketEvents) {
		this.url = url;
		this.#events = events;
	}

	send(text: string): void {
		this.frames.push(text);
	}

	close(code: number): void {
		this.closedWith = code;
	}

	/** The messages that came since the last call of this. */
	take(): UpMessage[] {
		const frames = this.frames.slice(this.#taken);
		this.#taken = this.frames.length;
		return frames.flatMap((frame) => decodeUp(frame, DEFAULT_LIMITS));
	}

	/** The messages of one kind that came since the last call of this or of `take`. */
	taken<Kind extends UpMessage['kind']>(kind: Kind): Extract<UpMessage, { kind: Kind }>[] {
		return this.take().filter((message): message is Extract<UpMessage, { kind: Kind }> => message.kind === kind);
	}

	open(): void {
		this.#events.opened();
	}

	/** Opens, and answers the hello. */
	welcome(limits: Partial<Limits> = {}): void {
		this.open();
		this.say(encodeWelcome({ version: 1, connectionId: 'c1', limits: { ...DEFAULT_LIMITS, ...limits } }));
	}

	/** Sends messages as one frame. */
	say(...messages: string[]): void {
		this.#events.message(messages.join('\n'));
	}

	drop(code = 1006): void {
		this.#events.closed(code, '');
	}

	goodbye(code: string, retryAfterMs: number | null = null, message = `${code} says the server`): void {
		this.say(encodeGoodbye({ code, message, retryAfterMs }));
	}

	heartbeat(beat: number, heads: Head[] = []): void {
		this.say(encodeHeartbeat(beat, heads));
	}
}

export const said = {
	result: (id: number, value: unknown): string => encodeResult(id, value),
	error: (id: number, error: LiveError): string => encodeError(id, error),
	reset: (id: number, reason: ResetReason): string => encodeReset(id, reason),
	event: (alias: number, offset: number, ...body: [event: string, data: unknown]): string =>
		encodeEvent(alias, offset, encodeEventBody(...body)),
	snapshot: (id: number, value: unknown, answer: StreamAnswer = {}): string =>
		encodeSnapshot({ ...streamParts(id, answer), position: answer.position ?? null }, encodeValue(value)),
	resumed: (id: number, position: Position, answer: StreamAnswer = {}): string =>
		encodeResumed({ ...streamParts(id, answer), position })
};

function streamParts(id: number, { alias = 7, merge = CRUD, events = [] }: StreamAnswer) {
	const listed = events.map(([offset, event, data]) => encodeListedEvent(offset, encodeEventBody(event, data)));
	return { id, alias, merge, events: listed };
}

/** A client with a virtual clock whose connections a test plays. */
export class Scene {
	readonly clock = new VirtualClock();
	readonly sockets: ScriptedSocket[] = [];
	readonly client: Client;
	/** What the client's random numbers are. */
	random = 0.5;
	#report: ((signal: EnvironmentSignal) => void) | null = null;

	constructor(options: ClientOptions = {}) {
		const connect: ConnectSocket = (url, events) => {
			const socket = new ScriptedSocket(url, events);
			this.sockets.push(socket);
			return socket;
		};
		this.client = new Client({
			url: 'ws://test/__live',
			connect,
			clock: this.clock,
			random: () => this.random,
			environment: { watch: (report) => this.#watch(report) },
			...options
		});
	}

	#watch(report: (signal: EnvironmentSignal) => void): () => void {
		this.#report = report;
		return () => (this.#report = null);
	}

	/** Whether the client listens to its environment. */
	get watched(): boolean {
		return this.#report !== null;
	}

	/** The network or the page changes. */
	signal(signal: EnvironmentSignal): void {
		this.#report?.(signal);
	}

	/** The connection that the client made last. */
	get socket(): ScriptedSocket {
		const socket = this.sockets.at(-1);
		if (!socket) throw new Error('the client has not connected');
		return socket;
	}

	/** Makes the client connect, and welcomes it. */
	async open(limits: Partial<Limits> = {}): Promise<ScriptedSocket> {
		if (this.client.status.state === 'idle') this.client.reconnect();
		this.socket.welcome(limits);
		await this.clock.settle();
		this.socket.take();
		return this.socket;
	}
}

/** What a promise came to: its value, its error's code, or `'pending'`. */
export async function outcomeOf(promise: Promise<unknown>, clock: VirtualClock): Promise<unknown> {
	let outcome: unknown = 'pending';
	promise.then(
		(value) => (outcome = value),
		(error: unknown) => (outcome = (error as LiveError).code)
	);
	await clock.settle();
	return outcome;
}
