// `live.lock` and `withLock`: what only one may do at a time in the whole application. Who comes later waits, bounded in time
// and number; on one process in the order of arrival.

import type { Clock, Timer } from '../base/clock.ts';
import { LiveError } from '../base/errors.ts';
import type { MaybePromise } from '../base/maybe-promise.ts';
import type { LiveCall, LiveExport, PlainFunction } from '../base/surface.ts';
import { encodeTopic, type TopicParts } from '../protocol/topic.ts';
import type { LiveContext } from '../server/context.ts';
import type { Handler } from '../server/definition.ts';
import { partsOf, type Feature } from '../server/features.ts';
import type { Lease } from '../server/processes/leases.ts';
import { redefine } from '../server/redefine.ts';
import type { ServerParts } from '../server/server-parts.ts';
import type { HostedContext } from '../server/stream-host.ts';

export interface LockOptions {
	/** How long to wait for it, in milliseconds. @default 5000 */
	waitMs?: number;
	/** How many may wait for one lock on one process. @default 100 */
	maxWaiting?: number;
}

/** A lock that is held. */
export interface HeldLock {
	/** Greater than that of every holder before: what the lock protects can refuse a smaller one. */
	readonly token: number;
	/** Aborted when the lock is lost: the store was away for too long, and somebody else may have it. */
	readonly signal: AbortSignal;
}

type Run<Args extends unknown[], Result> = (context: LiveContext, ...args: Args) => MaybePromise<Result>;

/** The name of a lock: a name, parts, or a function of the arguments. */
type LockName<Args extends unknown[]> = TopicParts | ((context: LiveContext, ...args: Args) => TopicParts);

/**
 * A function of which one call at a time runs per name, on all processes together. `ctx.abortSignal` aborts when the lock is
 * lost, and the call fails then.
 * @throws {LiveError} to the caller: TIMEOUT where it waited too long, TOO_MANY where too many wait
 */
export function lock<Args extends unknown[], Result>(
	name: LockName<Args>,
	handler: Run<Args, Result> & PlainFunction,
	options?: LockOptions
): LiveCall<Args, Awaited<Result>>;
export function lock<Export extends LiveExport>(name: LockName<never[]>, inner: Export, options?: LockOptions): Export;
export function lock(name: LockName<never[]>, inner: object, options: LockOptions = {}): object {
	return redefine(inner, 'live.lock()', (definition) => {
		if (definition.kind !== 'call' || definition.converse !== undefined)
			throw new TypeError('live.lock() wraps functions that answer once');
		return {
			...definition,
			handler: locked(name as Handler<TopicParts> | TopicParts, definition.handler, options)
		};
	});
}

function locked(name: Handler<TopicParts> | TopicParts, handler: Handler, options: LockOptions): Handler {
	return async (context, ...args) => {
		const parts = typeof name === 'function' ? await name(context, ...args) : name;
		return withLock(context, parts, { ...options, run: () => handler(context, ...args) });
	};
}

export interface LockedRun<Result> extends LockOptions {
	run: (lock: HeldLock) => MaybePromise<Result>;
}

/**
 * Runs something under a lock within a handler.
 * @throws {LiveError} TIMEOUT, TOO_MANY; UNAVAILABLE where the lock was lost meanwhile, or the store cannot be reached
 */
export async function withLock<Result>(
	context: LiveContext,
	name: TopicParts,
	{ run, ...options }: LockedRun<Result>
): Promise<Result> {
	const locks = partsOf(context).features.get(makeLocks);
	return locks.run(encodeTopic(name), options, async (lease) => {
		const abort = (): void => (context as HostedContext).abort(lost(name));
		lease.signal.addEventListener('abort', abort);
		try {
			const result = await run(lease);
			if (lease.signal.aborted) throw lost(name);
			return result;
		} finally {
			lease.signal.removeEventListener('abort', abort);
		}
	});
}

const lost = (name: TopicParts): LiveError => new LiveError('UNAVAILABLE', `the lock "${encodeTopic(name)}" was lost`);

const [WAIT_MS, MAX_WAITING] = [5_000, 100];
const [FIRST_LOOK_MS, LAST_LOOK_MS] = [10, 200];

interface Waiting {
	go: () => void;
	timer: Timer;
}

class Locks implements Feature {
	readonly #parts: ServerParts;
	/** Who waits for a lock that this process holds or tries to get. */
	readonly #queues = new Map<string, Waiting[]>();

	constructor(parts: ServerParts) {
		this.#parts = parts;
	}

	async run<Result>(name: string, options: LockOptions, task: (lease: Lease) => Promise<Result>): Promise<Result> {
		const { waitMs = WAIT_MS, maxWaiting = MAX_WAITING } = options;
		const untilMs = this.#clock.now() + waitMs;
		const late = new LiveError('TIMEOUT', `the lock "${name}" was not free within ${waitMs} ms`);
		await this.#turn(name, maxWaiting, { untilMs, late });
		try {
			const lease = await this.#acquire(name, { untilMs, late });
			try {
				return await task(lease);
			} finally {
				await lease.release();
			}
		} finally {
			this.#next(name);
		}
	}

	get #clock(): Clock {
		return this.#parts.clock;
	}

	/** Waits for those of this process who came before. */
	#turn(name: string, maxWaiting: number, { untilMs, late }: Deadline): Promise<void> {
		const queue = this.#queues.get(name);
		if (queue === undefined) {
			this.#queues.set(name, []);
			return Promise.resolve();
		}
		if (queue.length >= maxWaiting)
			throw new LiveError('TOO_MANY', `${queue.length} wait for the lock "${name}"; the limit is "maxWaiting"`);
		return new Promise((resolve, reject) => {
			const giveUp = (): void => {
				queue.splice(queue.indexOf(waiting), 1);
				reject(late);
			};
			const waiting = { go: resolve, timer: this.#clock.setTimer(giveUp, untilMs - this.#clock.now()) };
			queue.push(waiting);
		});
	}

	#next(name: string): void {
		const next = this.#queues.get(name)?.shift();
		if (next === undefined) return void this.#queues.delete(name);
		this.#clock.clearTimer(next.timer);
		next.go();
	}

	async #acquire(name: string, { untilMs, late }: Deadline): Promise<Lease> {
		for (let lookMs = FIRST_LOOK_MS; ; lookMs = Math.min(LAST_LOOK_MS, lookMs * 2)) {
			const lease = await this.#parts.process.leases.acquire(`lock/${name}`);
			if (lease !== null) return lease;
			if (this.#clock.now() + lookMs > untilMs) throw late;
			await new Promise<void>((resolve) => this.#clock.setTimer(resolve, lookMs));
		}
	}

	/** Who waits is told when the handlers' time is over; nothing is kept. */
	async stop(): Promise<void> {
		this.#queues.clear();
	}
}

interface Deadline {
	untilMs: number;
	late: LiveError;
}

const makeLocks = (parts: ServerParts): Locks => new Locks(parts);
