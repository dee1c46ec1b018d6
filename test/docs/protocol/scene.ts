// What a sequence of PROTOCOL.md runs against: the real server with its real history, on a clock and a network that stand
// still until the sequence moves them.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { memory } from '../../../src/backplanes/memory/memory.ts';
import type { Clock, Timer } from '../../../src/base/clock.ts';
import type { Limits } from '../../../src/protocol/limits.ts';
import type { Frame } from '../../../src/server/frame.ts';
import { LiveServer } from '../../../src/server/server.ts';
import type { Session } from '../../../src/server/session.ts';
import type { SocketEvents, TransportSocket } from '../../../src/server/transport.ts';
import * as board from './board.live.ts';
import { db } from './database.ts';

const MODULE = 'lib/board';

class SceneClock implements Clock {
	#now = 0;
	#lastTimer = 0;
	readonly #timers = new Map<number, { at: number; run: () => void }>();
	#deferred: (() => void)[] = [];

	now = (): number => this.#now;
	wallTime = (): number => this.#now;
	defer = (run: () => void): void => void this.#deferred.push(run);
	clearTimer = (timer: Timer): void => void this.#timers.delete(timer as number);

	setTimer = (run: () => void, delayMs: number): Timer => {
		this.#timers.set(++this.#lastTimer, { at: this.#now + delayMs, run });
		return this.#lastTimer;
	};

	/** Ends the pass of the event loop: what was put off to its end runs. */
	endPass(): void {
		for (const run of this.#deferred.splice(0)) run();
	}

	/** Lets time pass, timer by timer. */
	advance(ms: number): void {
		const end = this.#now + ms;
		for (;;) {
			const due = [...this.#timers].filter(([, { at }]) => at <= end);
			const [first] = due.toSorted(([a, one], [b, other]) => one.at - other.at || a - b);
			if (!first) break;
			this.#timers.delete(first[0]);
			this.#now = first[1].at;
			first[1].run();
			this.endPass();
		}
		this.#now = end;
	}
}

/** A binary frame as PROTOCOL.md writes it down, by what it says of them: marker, header and payload. */
export function textOfBinary(frame: Uint8Array): string {
	const end = 3 + frame[1]! * 256 + frame[2]!;
	const [header, payload] = [frame.subarray(3, end), frame.subarray(end)].map((part) => Buffer.from(part).toString());
	return `0x0${frame[0]} ${header} ${JSON.stringify(payload)}`;
}

const BINARY = /^0x0(\d) (\[.*\]) ("[^"]*")$/;

/** A frame as it goes over the wire. */
export function frameOf(text: string): string | Uint8Array {
	const [, marker, header, payload] = BINARY.exec(text) ?? [];
	if (marker === undefined) return text;
	const bytes = Buffer.from(header!);
	return Buffer.concat([
		Buffer.from([Number(marker), bytes.length >> 8, bytes.length & 0xff]),
		bytes,
		Buffer.from(JSON.parse(payload!) as string)
	]);
}

/** The server's end of a connection. `seen` is what the client sees, as PROTOCOL.md writes it down. */
class SceneSocket implements TransportSocket {
	readonly remoteAddress = undefined;
	readonly seen: string[] = [];
	bufferedBytes = 0;
	losesNext = false;
	events: SocketEvents | undefined;

	send(frames: readonly Frame[]): void {
		const messages = frames.flatMap(({ text }) => text.split('\n'));
		// Only events: a network that loses anything else has to break the connection.
		if (this.losesNext && messages.every((message) => message.startsWith('["event"'))) this.losesNext = false;
		else this.seen.push(messages.map((message, index) => `${index === 0 ? '←' : ' '} ${message}`).join('\n'));
	}

	sendMessage(data: Uint8Array): void {
		this.seen.push(`← ${textOfBinary(data)}`);
	}

	close(code: number, reason: string): void {
		this.seen.push(`✕ ${code} ${reason}`);
		queueMicrotask(() => this.events?.closed(code, reason));
	}

	terminate(): void {}
	pause(): void {}
	resume(): void {}
}

/** More than any queue may hold. */
const CLOGGED_BYTES = 16 * 1024 * 1024;
/** Enough that what is sent waits in the server's own queue, and less than that may hold. */
const BUSY_BYTES = 64 * 1024;

export class Scene {
	readonly #clock = new SceneClock();
	#server: LiveServer;
	#session: Session | null = { user: { id: 'u1' } };
	#socket = new SceneSocket();

	constructor() {
		db.reset();
		this.#server = this.#makeServer({});
	}

	#makeServer(limits: Partial<Limits>): LiveServer {
		let names = 0; // the first one is that of the process, which nobody sees
		const server = new LiveServer({
			backplane: memory({ epoch: 'e' }),
			clock: this.#clock,
			limits,
			random: () => 0.5,
			randomName: () => `c${names++}`
		});
		server.registry.register(MODULE, board);
		return server;
	}

	async start(): Promise<void> {
		await this.#server.start();
	}

	/** What the client saw since the last time. */
	takeSeen(): string[] {
		return this.#socket.seen.splice(0);
	}

	/** The connection, made when it is first needed, so that a sequence can say beforehand who connects. */
	get #connected(): SocketEvents {
		return (this.#socket.events ??= this.#server.accept(this.#socket, this.#session));
	}

	async say(frame: string): Promise<void> {
		this.#connected.message(frameOf(frame));
		await this.#settle();
	}

	async happen(what: string): Promise<void> {
		for (const [pattern, action] of this.#happenings) {
			const found = pattern.exec(what);
			if (!found) continue;
			action(found[1] ?? '', found[2] ?? '');
			return this.#settle();
		}
		throw new Error(`the sequence says "${what}", which the test does not know`);
	}

	readonly #happenings: [RegExp, (first: string, second: string) => void][] = [
		[/^somebody adds "(.*)" to board (\d+)$/, (title, name) => this.#add(title, name)],
		[/^somebody removes the first card of board (\d+)$/, (name) => this.#remove(name)],
		[/^(u\d) moves to (\d+)$/, (key, x) => this.#move(key, Number(x))],
		[/^(\d+) s pass$/, (seconds) => this.#pass(Number(seconds))],
		[/^the connection is lost$/, () => this.#connected.closed(1006, '')],
		[/^the client connects again$/, () => this.#reconnect()],
		[/^the next frame is lost$/, () => (this.#socket.losesNext = true)],
		[/^the client stops reading$/, () => (this.#socket.bufferedBytes = CLOGGED_BYTES)],
		[/^the client reads slowly$/, () => (this.#socket.bufferedBytes = BUSY_BYTES)],
		[/^the client reads again$/, () => this.#drained()],
		[/^the board is tidied$/, () => db.tidy()],
		[/^the server drains$/, () => void this.#server.drain(60_000)],
		[/^the module is replaced$/, () => this.#server.refresh(MODULE)],
		[/^a connection may queue (\d+) bytes$/, (queueBytes) => this.#restrict(Number(queueBytes))],
		[/^nobody is signed in$/, () => this.#refuse()],
		[/^the session lasts (\d+) s$/, (seconds) => this.#expire(Number(seconds))]
	];

	/** Another server from the beginning: limits do not change while one runs. */
	#restrict(queueBytes: number): void {
		void this.#server.stop();
		this.#server = this.#makeServer({ queueBytes });
		void this.#server.start();
	}

	#add(title: string, name: string): void {
		void this.#server.publisher.publish(board.cards.topic(name), 'created', db.addCard(name, title));
	}

	#remove(name: string): void {
		const [card] = db.cards(name);
		if (!card) return;
		db.removeCard(name, card.id);
		void this.#server.publisher.publish(board.cards.topic(name), 'deleted', { id: card.id });
	}

	#move(key: string, x: number): void {
		void this.#server.publisher.publish(board.cursors.topic('7'), 'update', { key, x });
	}

	#pass(seconds: number): void {
		void this.#connected;
		this.#clock.advance(seconds * 1_000);
	}

	#reconnect(): void {
		this.#socket = new SceneSocket();
		void this.#connected;
	}

	#drained(): void {
		this.#socket.bufferedBytes = 0;
		this.#connected.drained();
	}

	#refuse(): void {
		this.#session = null;
		void this.#connected;
	}

	#expire(seconds: number): void {
		this.#session = { user: { id: 'u1' }, expiresAt: this.#clock.wallTime() + seconds * 1_000 };
	}

	/** Lets the server do everything that needs no time. */
	async #settle(): Promise<void> {
		for (let pass = 0; pass < 6; pass++) {
			this.#clock.endPass();
			await nextTurn();
		}
	}
}
