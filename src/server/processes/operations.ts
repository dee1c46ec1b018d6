// What whoever operates the application sees of its processes, and may do: each answers for itself, and is asked by way of
// the messenger.

import type { MaybePromise } from '../../base/maybe-promise.ts';
import type { Address, Messenger } from './messenger.ts';
import type { Roster } from './roster.ts';

/** One topic in one process. */
export interface TopicReport {
	readonly name: string;
	/** Connections that read it. */
	readonly readers: number;
	/** Of its last event; 0 where there is none. */
	readonly offset: number;
}

/** A connection that has something to read and did not. */
export interface SlowReport {
	readonly connection: string;
	/** The `id` of its user; null for visitors. */
	readonly user: string | number | null;
	readonly queuedBytes: number;
}

export interface ProcessReport {
	readonly id: string;
	readonly state: 'ready' | 'starting' | 'draining' | 'no-backplane';
	/** How long it has been running. */
	readonly uptimeMs: number;
	readonly connections: number;
	readonly pendingCalls: number;
	/** Bytes that wait to be sent, of all connections. */
	readonly queuedBytes: number;
	readonly topicCount: number;
	/** Those with the most readers. */
	readonly topics: readonly TopicReport[];
	/** Those with the most bytes that wait. */
	readonly slow: readonly SlowReport[];
}

export interface OperationsOptions {
	messenger: Messenger;
	roster: Roster;
	/** Whether no other process can be there. */
	alone: boolean;
	/** What this process says of itself. */
	report: () => ProcessReport;
	/** Begins to shut this process down. */
	drain: () => void;
}

/** What is said of all processes together. */
export interface Overview {
	readonly processes: readonly ProcessReport[];
	/** Processes that live, and did not answer in time. */
	readonly silent: readonly string[];
}

type Order = 'report' | 'drain';

const ANSWER_MS = 2_000;

export class Operations {
	readonly #options: OperationsOptions;
	#leave: (() => void) | null = null;

	constructor(options: OperationsOptions) {
		this.#options = options;
	}

	async start(): Promise<void> {
		const { alone, messenger, roster } = this.#options;
		if (!alone) this.#leave = await messenger.listen(addressOf(roster.id), (order) => this.#obey(order as Order));
	}

	stop(): void {
		this.#leave?.();
		this.#leave = null;
	}

	/** All processes, this one first. Takes no longer than two seconds. */
	async overview(): Promise<Overview> {
		const { roster, report } = this.#options;
		const others = [...roster.living].filter((id) => id !== roster.id).toSorted();
		const answers = await Promise.allSettled(others.map((id) => this.#ask(id, 'report')));
		const reports = answers.flatMap((answer) =>
			answer.status === 'fulfilled' ? [answer.value as ProcessReport] : []
		);
		const silent = others.filter((_, index) => answers[index]?.status === 'rejected');
		return { processes: [report(), ...reports], silent };
	}

	/**
	 * Begins to shut a process down: it takes nobody new, and its clients go elsewhere. It does not end.
	 * @throws {LiveError} TIMEOUT where it does not answer
	 */
	async drain(id: string): Promise<void> {
		if (id === this.#options.roster.id) this.#options.drain();
		else await this.#ask(id, 'drain');
	}

	#ask(id: string, order: Order): Promise<unknown> {
		return this.#options.messenger.request(addressOf(id), order, ANSWER_MS);
	}

	#obey(order: Order): MaybePromise<unknown> {
		if (order === 'report') return this.#options.report();
		this.#options.drain();
		return null;
	}
}

/** Beside the process's own address, at which it takes answers. */
const addressOf = (id: string): Address => ['process', `${id}/operations`];
