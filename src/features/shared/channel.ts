// Rows by key in one topic that all processes share, as one process sees them: its own claims, and those that the others
// tell of. Its readers are given the rows that differ, and no other process has a say in what they see: so however messages
// are lost or overtake one another, what the readers of this process have is what `rows` gives.

import { joinEventBody } from '../../protocol/stream.ts';
import type { TopicName } from '../../protocol/topic.ts';
import type { ValueText } from '../../protocol/value.ts';
import type { Timer } from '../../base/clock.ts';
import type { ServerParts } from '../../server/server-parts.ts';
import { Claims, sayIn, type Claim, type LoadedClaims } from './claims.ts';
import { Peers } from './peers.ts';
import { decodeRow } from './row.ts';

export interface ChannelOptions {
	readonly kind: 'presence' | 'cursors';
	readonly topic: TopicName;
	readonly parts: ServerParts;
	/** How long rows of a process that ends in order are still shown: its clients come back elsewhere. */
	readonly leavingMs: number;
	/** What every process claims, from the store. @default the processes are asked */
	readonly load?: () => Promise<Map<string, LoadedClaims>>;
	/** Told of every difference in what is shown. */
	readonly onShow?: (key: string, text: ValueText | null) => void;
	/** The last claim of a key was that of a process that is no more. */
	readonly onLost?: (key: string, text: ValueText, process: string) => void;
}

const EVENTS = { presence: ['join', 'leave'], cursors: ['update', 'remove'] } as const;
/** How often what was missed without a trace is looked for. */
const RESYNC_MS = 30_000;
/** How long processes may take to answer before what they have said counts no more. */
const ANSWER_MS = 2_000;
/** How long a process may be unknown to the roster that has sent something: it may have started just now. */
const UNKNOWN_MS = 5_000;
/**
 * The roster misses a process 4 to 8 s after it was killed, less the ways of its last beat. With this nobody is given up
 * in less than 5 s, in which most come back elsewhere.
 */
const SPARED_MS = 1_200;
/** How often is looked whether the store still has what a process has left there. */
const LEFT_MS = 1_000;

export class Channel {
	readonly claims: Claims;
	readonly #options: ChannelOptions;
	readonly #peers: Peers;
	readonly #self: string;
	/** Processes that end in order, whose rows are kept for a while; null where that is over, and they have none any more. */
	readonly #leaving = new Map<string, Timer>();
	readonly #timers = new Set<Timer>();
	#look: Timer | null = null;
	#ready: Promise<void> | null = null;
	#resyncing: Promise<void> | null = null;
	/** What came while the store was read, which may not have known of it. */
	#meanwhile: { from: string; claim: Claim }[] = [];
	#closed = false;

	constructor(options: ChannelOptions) {
		this.#options = options;
		const { clock, process, onError } = options.parts;
		this.#self = process.roster.id;
		this.claims = new Claims((key, text) => this.#show(key, text));
		this.#peers = new Peers({
			kind: options.kind,
			topic: options.topic,
			process: this.#self,
			messenger: process.messenger,
			clock,
			onError: (error) => onError('', error, null),
			claimOf: (key) => this.claims.claimOf(this.#self, key),
			ownClaims: () => this.claims.keysOf(this.#self).map((key) => this.claims.claimOf(this.#self, key)),
			onChanges: (from, claims) => this.#heard(from, claims),
			onAll: (from, claims) => this.#heardAll(from, claims),
			onMissed: (from) => void this.#missed(from),
			onLeaving: (from) => this.#left(from)
		});
	}

	/**
	 * Resolves when the rows of all processes are known here.
	 * @throws {LiveError} UNAVAILABLE where the backplane cannot be reached
	 */
	open(): Promise<void> {
		this.#ready ??= this.#open().catch((error: unknown) => {
			this.#peers.stop();
			this.#ready = null; // the next reader tries again
			throw error;
		});
		return this.#ready;
	}

	async #open(): Promise<void> {
		await this.#peers.listen();
		if (this.#closed) return this.#peers.stop();
		await this.#sync();
		if (!this.#closed) this.#after(RESYNC_MS, () => this.#resyncLater());
	}

	close(): void {
		this.#closed = true;
		this.#peers.stop();
		for (const timer of this.#timers) this.#options.parts.clock.clearTimer(timer);
	}

	/** Rows by the server's key, in the order in which they came. */
	get rows(): Record<string, unknown>[] {
		return [...this.claims.shown.values()].map(decodeRow);
	}

	/** This process claims a key, or gives it up. Readers here see it at once; `tell` the others. */
	set(key: string, text: ValueText | null): void {
		this.claims.apply(this.#self, [key, this.claims.nextStamp(key), text]);
	}

	tell(key: string): void {
		this.#peers.tell(key);
	}

	/** Keys that this process claims. */
	get ownKeys(): string[] {
		return this.claims.keysOf(this.#self);
	}

	/** Processes were killed. */
	gone(processes: readonly string[]): void {
		const { roster } = this.#options.parts.process;
		if (this.#closed) return;
		this.#after(SPARED_MS, () => this.#forget(processes.filter((process) => !roster.living.has(process))));
	}

	/** Processes have nothing to say any more. */
	#forget(processes: readonly string[]): void {
		for (const process of processes) if (!this.#leaving.has(process)) this.#drop(process);
	}

	/** Looks for what was missed. */
	resync(): void {
		if (this.#ready !== null) this.#sync().catch((error: unknown) => this.#options.parts.onError('', error, null));
	}

	/** This process ends in order. */
	async leave(): Promise<void> {
		if (this.ownKeys.length > 0) await this.#peers.leaving();
	}

	#resyncLater(): void {
		this.resync();
		this.#after(RESYNC_MS, () => this.#resyncLater());
	}

	/** What is missed while one is under way is found by the one after it. */
	#sync(): Promise<void> {
		const sync = (): Promise<void> => this.#syncOnce();
		const next = this.#resyncing === null ? sync() : this.#resyncing.then(sync, sync);
		const current = next.finally(() => {
			if (this.#resyncing === current) this.#resyncing = null;
		});
		this.#resyncing = current;
		return current;
	}

	async #syncOnce(): Promise<void> {
		const { load } = this.#options;
		if (load === undefined) return this.#askAll();
		this.#meanwhile = [];
		const loaded = await load();
		if (this.#closed) return;
		for (const { from, claim } of this.#meanwhile) sayIn(loaded, from, claim);
		loaded.delete(this.#self);
		this.#take(loaded);
	}

	/** First those who are there, then those who are not any more: nobody seems to leave who has moved. */
	#take(loaded: Map<string, LoadedClaims>): void {
		for (const [process, { claims, hasLeft }] of loaded) {
			if (hasLeft) this.#left(process);
			this.#verify(process);
			if (this.#leaving.get(process) === null) claims.clear(); // it was read before that was over
			for (const claim of claims.values()) this.claims.apply(process, claim);
		}
		for (const [process, { claims }] of loaded) this.claims.retain(process, claims);
		for (const process of this.claims.processes) {
			if (process !== this.#self && !loaded.has(process)) this.#missing(process);
		}
		if ([...loaded.values()].some(({ hasLeft }) => hasLeft)) this.#lookAgain();
	}

	/** Who was told that a process leaves knows when its time is over; who has read it in the store has to look. */
	#lookAgain(): void {
		if (this.#look !== null) return;
		this.#look = this.#after(LEFT_MS, () => {
			this.#look = null;
			this.resync();
		});
	}

	/** The store has nothing of a process any more. */
	#missing(process: string): void {
		if (this.#leaving.has(process)) this.#end(process);
		else if (this.#options.parts.process.roster.living.has(process)) this.#drop(process);
		else this.gone([process]);
	}

	async #askAll(): Promise<void> {
		await this.#peers.ask(null);
		const silent = this.claims.processes;
		silent.delete(this.#self);
		this.#silent = silent;
		if (silent.size > 0) this.#after(ANSWER_MS, () => this.#forget([...silent]));
	}

	/** Those that were asked and have not answered. */
	#silent = new Set<string>();

	async #missed(from: string): Promise<void> {
		try {
			await (this.#options.load === undefined ? this.#peers.ask(from) : this.#sync());
		} catch (error) {
			this.#options.parts.onError('', error, null); // found out again in a while
		}
	}

	#heard(from: string, claims: readonly Claim[]): void {
		this.#verify(from);
		for (const claim of claims) {
			this.claims.apply(from, claim);
			if (this.#resyncing !== null) this.#meanwhile.push({ from, claim });
		}
	}

	#heardAll(from: string, claims: readonly Claim[]): void {
		this.#silent.delete(from);
		this.#verify(from);
		this.claims.replace(from, claims);
	}

	/** Who is not in the roster has just started, or is killed before anybody sees it there: then nobody would miss it. */
	#verify(from: string): void {
		const { roster } = this.#options.parts.process;
		if (roster.living.has(from) || this.#leaving.has(from)) return;
		this.#after(UNKNOWN_MS, () => {
			if (!roster.living.has(from)) this.gone([from]);
		});
	}

	#left(from: string): void {
		if (this.#leaving.has(from)) return;
		const timer = this.#after(this.#options.leavingMs, () => this.#end(from));
		this.#leaving.set(from, timer);
	}

	/** The time of a process that has left is over. */
	#end(process: string): void {
		this.#cancel(this.#leaving.get(process) ?? null);
		this.#leaving.set(process, null);
		this.#drop(process);
	}

	#drop(process: string): void {
		const { onLost } = this.#options;
		for (const key of this.claims.keysOf(process)) {
			const text = this.claims.shown.get(key);
			this.claims.apply(process, [key, 0, null]);
			if (text !== undefined && !this.claims.shown.has(key)) onLost?.(key, text, process);
		}
	}

	#show(key: string, text: ValueText | null): void {
		const { kind, topic, parts, onShow } = this.#options;
		const [shown, gone] = EVENTS[kind];
		const body = joinEventBody(text === null ? gone : shown, text ?? JSON.stringify({ key }));
		parts.hub.receive({ topic, epoch: '', offset: 0, body, conflationKey: key });
		onShow?.(key, text);
	}

	#after(ms: number, run: () => void): Timer {
		const { clock } = this.#options.parts;
		const timer: Timer = clock.setTimer(() => {
			this.#timers.delete(timer);
			run();
		}, ms);
		this.#timers.add(timer);
		return timer;
	}

	#cancel(timer: Timer): void {
		this.#options.parts.clock.clearTimer(timer);
		this.#timers.delete(timer);
	}
}
