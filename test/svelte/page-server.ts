// The other end of the page's client, in the tests' hands: a socket that speaks the protocol, and a clock that stands
// still until it is moved.

import type { LiveError } from '../../src/base/errors.ts';
import type { Clock, Timer } from '../../src/base/clock.ts';
import type { MergeSpec } from '../../src/base/merge.ts';
import { client } from '../../src/client/default-client.ts';
import type { ClientSocketEvents } from '../../src/client/socket.ts';
import { encodeError, encodeResult } from '../../src/protocol/call.ts';
import { encodeWelcome } from '../../src/protocol/handshake.ts';
import { DEFAULT_LIMITS } from '../../src/protocol/limits.ts';
import { encodeEvent, encodeEventBody, encodeSnapshot } from '../../src/protocol/stream.ts';
import { decodeBinaryUp, encodeChunk } from '../../src/protocol/binary.ts';
import { encodeWanted } from '../../src/protocol/upload.ts';
import { encodeManyValue } from '../../src/protocol/values.ts';
import { decodeUp, type UpMessage } from '../../src/protocol/up.ts';
import { encodeValue } from '../../src/protocol/value.ts';
import { PROTOCOL_VERSION } from '../../src/protocol/version.ts';

/** Time that passes only by `advance`. */
class ManualClock implements Clock {
	readonly #timers = new Map<number, { at: number; run: () => void }>();
	#now = 0;
	#lastTimer = 0;

	now(): number {
		return this.#now;
	}

	wallTime(): number {
		return this.#now;
	}

	setTimer(run: () => void, delayMs: number): Timer {
		this.#timers.set(++this.#lastTimer, { at: this.#now + delayMs, run });
		return this.#lastTimer;
	}

	clearTimer(timer: Timer): void {
		this.#timers.delete(timer as number);
	}

	defer(run: () => void): void {
		this.setTimer(run, 0);
	}

	advance(milliseconds: number): void {
		const until = this.#now + milliseconds;
		for (;;) {
			const [next] = [...this.#timers].toSorted(([, one], [, other]) => one.at - other.at);
			if (!next || next[1].at > until) break;
			this.#timers.delete(next[0]);
			this.#now = next[1].at;
			next[1].run();
		}
		this.#now = until;
	}
}

const decode = (data: string | Uint8Array): UpMessage[] =>
	typeof data === 'string' ? decodeUp(data, DEFAULT_LIMITS) : [decodeBinaryUp(data, DEFAULT_LIMITS)];

const ROWS: MergeSpec = { kind: 'crud', key: 'id', prepend: false, max: 0 };

export class PageServer {
	readonly clock = new ManualClock();
	/** What the client has sent and `take` has not taken. */
	#received: UpMessage[] = [];
	#socket: ClientSocketEvents | null = null;
	/** Connection attempts so far. */
	attempts = 0;

	/** Stands in for the server that the page's client connects to. */
	constructor() {
		client.configure({
			url: 'ws://page.test',
			clock: this.clock,
			random: () => 0.5,
			environment: { watch: () => () => {} },
			connect: (_url, events) => {
				this.attempts += 1;
				this.#socket = events;
				return {
					send: (data) => void this.#received.push(...decode(data)),
					close: () => {}
				};
			}
		});
	}

	/** Answers the connection attempt. */
	accept(): void {
		this.#socket?.opened();
		this.#received = [];
		this.#send(
			encodeWelcome({
				version: PROTOCOL_VERSION,
				connectionId: 'c',
				limits: { ...DEFAULT_LIMITS, heartbeatMs: 1e9 }
			})
		);
	}

	drop(): void {
		this.#socket?.closed(1006, '');
	}

	/** The one message of this kind that the client has sent since the last look. */
	async take<Kind extends UpMessage['kind']>(kind: Kind): Promise<Extract<UpMessage, { kind: Kind }>> {
		const found = (await this.sent()).filter((message) => message.kind === kind);
		if (found.length !== 1) throw new Error(`${found.length} messages of the kind "${kind}" were sent`);
		return found[0] as Extract<UpMessage, { kind: Kind }>;
	}

	/** Everything that the client has sent since the last look. */
	async sent(): Promise<UpMessage[]> {
		await new Promise<void>((resolve) => queueMicrotask(resolve)); // The client's frame leaves with this microtask.
		return this.#received.splice(0);
	}

	result(id: number, value: unknown): void {
		this.#send(encodeResult(id, value));
	}

	refuse(id: number, error: LiveError): void {
		this.#send(encodeError(id, error));
	}

	/** The snapshot of a list of rows; the stream's alias is its id. */
	rows(id: number, offset: number, rows: unknown[]): void {
		const parts = { id, alias: id, position: { epoch: 'e', offset }, merge: ROWS, events: [] };
		this.#send(encodeSnapshot(parts, encodeValue(rows)));
	}

	wanted(id: number, from: number, until: number): void {
		this.#send(encodeWanted({ id, from, until }));
	}

	value(id: number, value: unknown): void {
		this.#send(encodeManyValue(id, value));
	}

	part(id: number, offset: number, text: string): void {
		this.#socket?.message(encodeChunk({ id, offset, bytes: new TextEncoder().encode(text) }).buffer);
	}

	event(id: number, offset: number, [event, data]: [event: string, data: unknown]): void {
		this.#send(encodeEvent(id, offset, encodeEventBody(event, data)));
	}

	#send(text: string): void {
		this.#socket?.message(text);
	}
}
