// Stores what is appended to one topic: everything that waits, as one message behind the last one. Another process may have
// been first; then it goes behind that. Invariants: one message at a time, so the order is kept; and an event whose answer
// was lost is looked for before it is sent again, so it is never stored twice.

import { Buffer } from 'node:buffer';
import { isLiveError, LiveError } from '../../base/errors.ts';
import { randomName } from '../../base/random.ts';
import type { Position } from '../../protocol/position.ts';
import type { EventBody } from '../../protocol/stream.ts';
import { encodeLogMessage, endOf, type LogMessage } from './log-message.ts';
import type { Found, Head, LogParts, LogTopic } from './log-topic.ts';
import { unavailable } from './unavailable.ts';

interface Waiting {
	readonly body: EventBody;
	readonly bytes: number;
	/** When it has to be stored, on the clock of this process. */
	readonly until: number;
	readonly resolve: (position: Position) => void;
	readonly reject: (error: unknown) => void;
}

/** An event that waits to be stored, and how often it was tried. */
interface Attempt {
	readonly message: Omit<LogMessage, 'epoch' | 'after'>;
	readonly until: number;
	/** Behind which message it may have been stored: it was sent, and no answer came. */
	doubt: Head | null;
}

const MOST_EVENTS = 1_000;
const MOST_BYTES = 256 * 1024;
/** For what stands in a message beside the events. */
const MARGIN_BYTES = 4_096;
/** Conflicts in a row after which it waits a moment. */
const PATIENCE = 4;

export class LogWriter {
	readonly #topic: LogTopic;
	readonly #parts: LogParts;
	readonly #onSettled: (count: number) => void;
	#queue: Waiting[] = [];
	#running: Promise<void> | null = null;

	/** @param onSettled told how many events wait no more */
	constructor(topic: LogTopic, parts: LogParts, onSettled: (count: number) => void) {
		this.#topic = topic;
		this.#parts = parts;
		this.#onSettled = onSettled;
	}

	/** Resolves when nothing waits; null where nothing does. */
	get settled(): Promise<void> | null {
		return this.#running;
	}

	append(body: EventBody): Promise<Position> {
		const { link } = this.#parts.jetStream;
		const bytes = Buffer.byteLength(body) + 1;
		if (bytes > link.maxPayload - MARGIN_BYTES) {
			this.#onSettled(1);
			return Promise.reject(link.tooLarge(bytes));
		}
		const { promise, resolve, reject } = Promise.withResolvers<Position>();
		this.#queue.push({ body, bytes, until: link.deadline(), resolve, reject });
		this.#running ??= this.#run();
		return promise;
	}

	async #run(): Promise<void> {
		// What is appended within one pass of the event loop goes together.
		await new Promise<void>((resolve) => this.#parts.settings.clock.defer(resolve));
		while (this.#queue.length > 0) await this.#storeSome(this.#take());
		this.#running = null; // at once: what is appended now finds nobody who would look into the queue
	}

	#take(): Waiting[] {
		const most = Math.min(MOST_BYTES, this.#parts.jetStream.link.maxPayload - MARGIN_BYTES);
		let bytes = 0;
		let count = 0;
		for (const waiting of this.#queue) {
			bytes += waiting.bytes;
			if (count > 0 && (count === MOST_EVENTS || bytes > most)) break;
			count++;
		}
		return this.#queue.splice(0, count);
	}

	async #storeSome(events: readonly Waiting[]): Promise<void> {
		const bodies = events.map(({ body }) => body);
		const message = { topic: this.#topic.name, id: randomName(), bodies };
		const until = events[0]?.until ?? 0;
		try {
			const found = await this.#store({ message, until, doubt: null });
			this.#topic.stored(found);
			const epoch = this.#parts.epochOf(found.message.epoch);
			const first = endOf(found.message) - events.length + 1;
			for (const [index, { resolve }] of events.entries()) resolve({ epoch, offset: first + index });
		} catch (error) {
			for (const { reject } of events) reject(error);
		}
		this.#onSettled(events.length);
	}

	async #store(attempt: Attempt): Promise<Found> {
		const { clock } = this.#parts.settings;
		for (let conflicts = 0; ; conflicts++) {
			let failure: LiveError | null = null;
			try {
				const found = await this.#try(attempt);
				if (found !== null) return found;
			} catch (error) {
				if (!isLiveError(error) || error.code !== 'UNAVAILABLE') throw error;
				failure = error;
			}
			if (clock.now() >= attempt.until) throw this.#failure(failure, attempt);
			if (conflicts > 0) this.#topic.follow();
			if (conflicts >= PATIENCE) await this.#pause(Math.min(50, 2 ** (conflicts - PATIENCE)));
		}
	}

	/** Null where another process was first. */
	async #try(attempt: Attempt): Promise<Found | null> {
		const stored = await this.#findDoubtful(attempt);
		if (stored !== null) return stored;
		const head = this.#topic.knownHead ?? (await this.#topic.fetchHead());
		const message = { ...attempt.message, epoch: head.epoch, after: head.offset };
		await this.#parts.jetStream.link.ready(attempt.until);
		const doubt = attempt.doubt;
		attempt.doubt ??= head;
		const options = { expected: head.sequence, until: attempt.until };
		const sequence = await this.#parts.jetStream.store(this.#topic.subject, encodeLogMessage(message), options);
		if (sequence !== null) return { sequence, message };
		this.#topic.forget(head);
		attempt.doubt = doubt;
		return this.#findDoubtful(attempt);
	}

	/** Looks for a message that may have been stored, behind the one that it was sent behind. */
	async #findDoubtful(attempt: Attempt): Promise<Found | null> {
		if (attempt.doubt === null) return null;
		const next = await this.#topic.fetchFrom(attempt.doubt.sequence + 1);
		if (next?.message.id === attempt.message.id) return next;
		if (next !== null) attempt.doubt = null; // its place is taken
		return null;
	}

	#failure(error: LiveError | null, { doubt }: Attempt): LiveError {
		const { message } = error ?? unavailable('other processes were always first');
		return new LiveError(
			'UNAVAILABLE',
			`${message}; the event ${doubt === null ? 'was not' : 'may have been'} stored`
		);
	}

	#pause(ms: number): Promise<void> {
		const { clock, random } = this.#parts.settings;
		return new Promise((resolve) => void clock.setTimer(resolve, ms * (0.5 + random())));
	}
}
