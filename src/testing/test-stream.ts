// A stream in a test: what it shows, what it took from the server, and a way to wait for it.

import { systemClock } from '../base/clock.ts';
import type { LiveError } from '../base/errors.ts';
import type { Applied } from '../client/options.ts';
import type { ClientStream } from '../client/stream.ts';
import type { ResetReason } from '../protocol/stream.ts';

/** How long to wait for a value, in real time: what it waits for may be a real database. */
const DEFAULT_WAIT_MS = 2_000;

export interface TestEvent {
	event: string;
	data: unknown;
}

export class TestStream<Value> {
	/** The stream under test, for what has no method here. */
	readonly stream: ClientStream;
	/** Every event that it took from the server, in order. */
	readonly events: TestEvent[] = [];
	/** Why its value was replaced by a fresh one, each time that events between the two are not known. */
	readonly resets: ResetReason[] = [];
	readonly #ended: (stream: TestStream<unknown>) => void;
	readonly #unlisten: () => void;

	constructor(stream: ClientStream, ended: (stream: TestStream<unknown>) => void) {
		this.stream = stream;
		this.#ended = ended;
		this.#unlisten = stream.onChange(() => {});
	}

	get path(): string {
		return this.stream.path;
	}

	/** The value now; undefined until the first one arrives. */
	get value(): Value | undefined {
		return this.stream.state.value as Value | undefined;
	}

	/** Why there is no value, or why it is no longer kept current; undefined while all is well. */
	get error(): LiveError | undefined {
		return this.stream.state.error;
	}

	/** Whether the value is being kept current. */
	get connected(): boolean {
		return this.stream.state.connected;
	}

	/** Whether there are rows that were not loaded. */
	get hasMore(): boolean {
		return this.stream.state.hasMore;
	}

	/** Loads the next page. Rejects where the server refuses. */
	loadMore(): Promise<void> {
		return this.stream.loadMore();
	}

	/** The first value. Rejects where the server refuses. */
	get ready(): Promise<Value> {
		return this.waitFor(() => true);
	}

	/**
	 * Waits for a value. Rejects with the stream's own error where it fails, and otherwise when the time is up.
	 * @param timeoutMs in real milliseconds, whatever the environment's clock does
	 */
	waitFor(predicate: (value: Value) => boolean, timeoutMs: number = DEFAULT_WAIT_MS): Promise<Value> {
		return new Promise((resolve, reject) => {
			const end = (settle: () => void): void => {
				systemClock.clearTimer(timer);
				unlisten();
				settle();
			};
			const look = (): void => {
				const { value, ready, error } = this.stream.state;
				if (ready && holds(predicate, value as Value)) end(() => resolve(value as Value));
				else if (error) end(() => reject(error));
			};
			const timer = systemClock.setTimer(() => end(() => reject(this.#timeout(timeoutMs))), timeoutMs);
			const unlisten = this.stream.onChange(look);
			look();
		});
	}

	#timeout(timeoutMs: number): Error {
		const { value, ready } = this.stream.state;
		const now = ready ? `its value is ${JSON.stringify(value)}` : 'it has no value';
		return new Error(`${this.path} did not come to the expected value within ${timeoutMs} ms: ${now}`);
	}

	/** @internal */
	took({ args, change }: Applied): void {
		if (change.kind !== 'event' || JSON.stringify(args) !== JSON.stringify(this.stream.args)) return;
		this.events.push({ event: change.event, data: change.data });
	}

	/** Ends the subscription. */
	close(): void {
		this.#unlisten();
		this.#ended(this);
	}
}

/** A predicate that throws does not hold yet: `(cards) => cards[0].title === 'x'` before there is a card. */
function holds<Value>(predicate: (value: Value) => boolean, value: Value): boolean {
	try {
		return predicate(value);
	} catch {
		return false;
	}
}
