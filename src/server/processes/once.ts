// Runs what a key names once in the whole application, and gives everybody who asks with that key the same answer. A
// process that is killed on the way leaves the key behind: nobody knows how far it came, so nobody runs it again.

import type { Clock, Timer } from '../../base/clock.ts';
import { isLiveError, LiveError, type ErrorDetails } from '../../base/errors.ts';
import type { MaybePromise } from '../../base/maybe-promise.ts';
import { encodeValue, readValue } from '../../protocol/value.ts';
import type { SharedStore, StoredValue } from '../shared-store.ts';
import type { Roster } from './roster.ts';

export interface OnceOptions {
	store: SharedStore;
	clock: Clock;
	roster: Pick<Roster, 'id' | 'isAlive'>;
}

export interface OnceRequest {
	/** Names what runs once: everything that must be told apart is in it. */
	key: string;
	/** What is asked for: the same key with another one is a conflict. */
	print: string;
	/** How long the answer is kept, in milliseconds. */
	keepMs: number;
	/** How long to wait for another process that is at it, in milliseconds. */
	waitMs: number;
}

type Recorded =
	| { kind: 'running'; by: string }
	/** The value as a JSON array that `readValue` reads. */
	| { kind: 'answer'; value: string }
	| { kind: 'refusal'; code: string; message: string; details: ErrorDetails };

type Outcome = Recorded & { print: string };

const FIRST_LOOK_MS = 20;
const LAST_LOOK_MS = 500;

export class Once {
	readonly #options: OnceOptions;
	/** What runs in this process. */
	readonly #running = new Map<string, { print: string; result: Promise<unknown> }>();
	/** What waits, by its timer. */
	readonly #waiting = new Map<Timer, () => void>();
	#stopped = false;

	constructor(options: OnceOptions) {
		this.#options = options;
	}

	/**
	 * Runs `run`, or gives the answer of the one that ran. A refusal is an answer too, unless it may be tried again.
	 * @throws {LiveError} CONFLICT where the key was used for something else, or a process ended while it ran; TIMEOUT
	 *   where another process is still at it; UNAVAILABLE where the store cannot be reached
	 */
	run<Result>(request: OnceRequest, run: () => Promise<Result>): Promise<Result> {
		const running = this.#running.get(request.key);
		if (running === undefined) return this.#runOrWait(request, run);
		return running.print === request.print ? (running.result as Promise<Result>) : Promise.reject(otherRequest());
	}

	/** Nobody waits here any more: neither for another process, nor for the store to be back. */
	stop(): void {
		this.#stopped = true;
		for (const [timer, wake] of this.#waiting) {
			this.#options.clock.clearTimer(timer);
			wake();
		}
		this.#waiting.clear();
	}

	async #runOrWait<Result>(request: OnceRequest, run: () => Promise<Result>): Promise<Result> {
		const { clock, store } = this.#options;
		const untilMs = clock.now() + request.waitMs;
		for (let lookMs = FIRST_LOOK_MS; ; lookMs = Math.min(2 * lookMs, LAST_LOOK_MS)) {
			const version = await this.#claim(request);
			if (version !== null) return this.#runFirst(request, version, run);
			const stored = await store.get(keyOf(request));
			const answer = stored && (await this.#answerOf(stored, request));
			if (answer) return answer.value as Result;
			if (clock.now() >= untilMs)
				throw new LiveError('TIMEOUT', 'another request with this key is still running');
			await this.#sleep(lookMs);
			if (this.#stopped) throw new LiveError('UNAVAILABLE', 'the server is shutting down');
		}
	}

	/** The version of our claim; null where another one is there. */
	async #claim(request: OnceRequest): Promise<number | null> {
		const { store, roster } = this.#options;
		const running = textOf(request, { kind: 'running', by: roster.id });
		try {
			return await store.put(keyOf(request), running, { ttlMs: request.keepMs, version: 0 });
		} catch (error) {
			void this.#insist(request, () => this.#withdraw(request));
			throw error;
		}
	}

	/** Takes back a claim of ours that may have been stored though we were not told. */
	async #withdraw(request: OnceRequest): Promise<void> {
		const { store, roster } = this.#options;
		const stored = await store.get(keyOf(request));
		if (stored === null || this.#running.has(request.key)) return;
		const outcome = JSON.parse(stored.value) as Outcome;
		if (outcome.kind === 'running' && outcome.by === roster.id) await store.remove(keyOf(request), stored.version);
	}

	/** Null while it runs. */
	async #answerOf({ value }: StoredValue, { print }: OnceRequest): Promise<{ value: unknown } | null> {
		const outcome = JSON.parse(value) as Outcome;
		if (outcome.print !== print) throw otherRequest();
		if (outcome.kind === 'answer') return { value: readValue(JSON.parse(outcome.value) as unknown[], 0) };
		if (outcome.kind === 'refusal') throw new LiveError(outcome.code, outcome.message, outcome.details);
		if (await this.#options.roster.isAlive(outcome.by)) return null;
		throw new LiveError('CONFLICT', 'the process that ran this request has ended, and it may have taken effect');
	}

	#runFirst<Result>(request: OnceRequest, version: number, run: () => Promise<Result>): Promise<Result> {
		const result = run();
		this.#running.set(request.key, { print: request.print, result });
		void this.#record(request, version, result).then(() => this.#running.delete(request.key));
		return result;
	}

	/** While the store is away the answer is known here only, and others wait for it. */
	async #record(request: OnceRequest, version: number, result: Promise<unknown>): Promise<void> {
		const { store } = this.#options;
		const outcome = await outcomeOf(result);
		await this.#insist(request, () =>
			outcome === null
				? store.remove(keyOf(request), version)
				: store.put(keyOf(request), textOf(request, outcome), { ttlMs: request.keepMs, version })
		);
	}

	/** Tries until the store takes it, or would not keep it any longer. */
	async #insist({ keepMs }: OnceRequest, write: () => MaybePromise<unknown>): Promise<void> {
		for (let waitMs = FIRST_LOOK_MS; waitMs <= keepMs && !this.#stopped; waitMs *= 2) {
			try {
				await write();
				return;
			} catch {
				await this.#sleep(waitMs);
			}
		}
	}

	/** Ends early when the server stops. */
	#sleep(ms: number): Promise<void> {
		if (this.#stopped) return Promise.resolve();
		return new Promise((resolve) => {
			const timer = this.#options.clock.setTimer(() => {
				this.#waiting.delete(timer);
				resolve();
			}, ms);
			this.#waiting.set(timer, resolve);
		});
	}
}

const keyOf = ({ key }: OnceRequest): string => `once/${key}`;

const otherRequest = (): LiveError =>
	new LiveError('CONFLICT', 'this key was used for a request with other arguments: use a new key for a new request');

/** Null where the same request may be tried again. */
async function outcomeOf(result: Promise<unknown>): Promise<Recorded | null> {
	try {
		return { kind: 'answer', value: `[${encodeValue(await result)}]` };
	} catch (error) {
		if (!isLiveError(error)) return { kind: 'refusal', code: 'INTERNAL', message: 'INTERNAL', details: {} };
		const { code, message, details, retryable } = error;
		return retryable ? null : { kind: 'refusal', code, message, details };
	}
}

const textOf = ({ print }: OnceRequest, outcome: Recorded): string => JSON.stringify({ ...outcome, print });
