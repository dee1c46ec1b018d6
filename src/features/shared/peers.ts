// What the processes tell one another of one topic. Messages of a process are numbered: whoever misses one notices with the
// next, and asks for everything. Several changes of one pass of the event loop leave in one message.

import type { Clock } from '../../base/clock.ts';
import type { TopicName } from '../../protocol/topic.ts';
import type { Messenger } from '../../server/processes/messenger.ts';
import type { Claim } from './claims.ts';

type Told =
	/** What has changed. */
	| { kind: 'changes'; from: string; number: number; claims: Claim[] }
	/** Everything that a process says. */
	| { kind: 'all'; from: string; number: number; claims: Claim[] }
	/** Somebody wants to know everything: from all, or from one. */
	| { kind: 'ask'; from: string; of: string | null }
	/** The process ends in order. */
	| { kind: 'leaving'; from: string };

export interface PeersOptions {
	/** What the messages are about: one kind of thing per topic. */
	kind: 'presence' | 'cursors';
	topic: TopicName;
	process: string;
	messenger: Messenger;
	clock: Clock;
	/** Told of messages that could not be sent; whoever misses them finds out. */
	onError: (error: unknown) => void;
	/** What this process says of a key now. */
	claimOf: (key: string) => Claim;
	/** What this process says, all of it. */
	ownClaims: () => Claim[];
	onChanges: (from: string, claims: readonly Claim[]) => void;
	onAll: (from: string, claims: readonly Claim[]) => void;
	/** Messages of a process were missed. */
	onMissed: (from: string) => void;
	onLeaving: (from: string) => void;
}

export class Peers {
	readonly #options: PeersOptions;
	readonly #numbers = new Map<string, number>();
	#number = 0;
	readonly #changed = new Set<string>();
	#isDue = false;
	#answers = false;
	#stop = (): void => {};

	constructor(options: PeersOptions) {
		this.#options = options;
	}

	/** @throws {LiveError} UNAVAILABLE where the backplane cannot be reached */
	async listen(): Promise<void> {
		const { messenger, kind, topic } = this.#options;
		this.#stop = await messenger.listen([kind, topic], (data) => this.#take(data as Told));
	}

	stop(): void {
		this.#stop();
	}

	/** Tells of what this process says of a key, at the end of this pass. */
	tell(key: string): void {
		this.#changed.add(key);
		this.#soon();
	}

	/** Asks one process for everything, or all of them. */
	ask(of: string | null): Promise<void> {
		return this.#send({ kind: 'ask', from: this.#options.process, of });
	}

	/** Tells that this process ends in order, and before that what is still to be told. */
	leaving(): Promise<void> {
		this.#flush();
		return this.#send({ kind: 'leaving', from: this.#options.process });
	}

	#soon(): void {
		if (this.#isDue) return;
		this.#isDue = true;
		this.#options.clock.defer(() => this.#flush());
	}

	#flush(): void {
		if (!this.#isDue) return;
		this.#isDue = false;
		const { process: from, claimOf, ownClaims, onError } = this.#options;
		const kind = this.#answers ? 'all' : 'changes';
		const claims = this.#answers ? ownClaims() : [...this.#changed].map(claimOf);
		this.#answers = false;
		this.#changed.clear();
		this.#send({ kind, from, number: ++this.#number, claims }).catch(onError);
	}

	async #send(told: Told): Promise<void> {
		const { messenger, kind, topic } = this.#options;
		await messenger.send([kind, topic], told);
	}

	#take(told: Told): void {
		const { process, onLeaving } = this.#options;
		if (told.from === process) return;
		if (told.kind === 'leaving') onLeaving(told.from);
		else if (told.kind === 'ask') this.#asked(told.of);
		else this.#takeClaims(told);
	}

	#asked(of: string | null): void {
		if (of !== null && of !== this.#options.process) return;
		if (this.#options.ownClaims().length === 0) return;
		this.#answers = true;
		this.#soon();
	}

	#takeClaims({ kind, from, number, claims }: Extract<Told, { number: number }>): void {
		const { onAll, onChanges, onMissed } = this.#options;
		const last = this.#numbers.get(from);
		this.#numbers.set(from, number);
		if (kind === 'all') return onAll(from, claims);
		onChanges(from, claims);
		if (last !== undefined && number !== last + 1) onMissed(from);
	}
}
