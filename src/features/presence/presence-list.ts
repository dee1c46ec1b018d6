// One list of who is present, in one process: what is shown of all processes, and who is there by way of this one. It is
// kept while somebody uses it, and a while longer.

import type { Timer } from '../../base/clock.ts';
import type { TopicName } from '../../protocol/topic.ts';
import type { ValueText } from '../../protocol/value.ts';
import type { ServerParts } from '../../server/server-parts.ts';
import { Channel } from '../shared/channel.ts';
import { claimsIn, type LoadedClaims } from '../shared/claims.ts';
import { decodeRow } from '../shared/row.ts';
import { Attendance, type Arrival } from './attendance.ts';

/** What a definition says of its lists. */
export interface ListRules {
	readonly graceMs: number;
	readonly onJoin: ListHook | null;
	readonly onLeave: ListHook | null;
}

/** @param args those of whoever opened the list here first */
export type ListHook = (list: { topic: TopicName; parts: ServerParts; args: readonly unknown[] }, row: Row) => void;

export type Row = Record<string, unknown>;

export interface PresenceListOptions {
	readonly parts: ServerParts;
	readonly topic: TopicName;
	readonly args: readonly unknown[];
	readonly rules: ListRules;
	/** Nobody has used it for a while. */
	readonly onIdle: () => void;
}

const LINGER_MS = 30_000;
/** For how long no second survivor may tell of the same leave. */
const TOLD_MS = 60_000;

export class PresenceList {
	readonly #options: PresenceListOptions;
	/** What the store knows it by. */
	readonly #group: string;
	readonly #channel: Channel;
	readonly #attendance: Attendance;
	#readers = 0;
	#idle: Timer | null = null;

	constructor(options: PresenceListOptions) {
		this.#options = options;
		const { parts, topic, rules } = options;
		this.#group = `presence/${topic}`;
		this.#channel = new Channel({
			kind: 'presence',
			topic,
			parts,
			leavingMs: rules.graceMs,
			load: () => loadClaims(parts, this.#group),
			onLost: (key, text, process) => void this.#lost(key, text, process)
		});
		const onLeave = (_key: string, text: ValueText): void => this.#run(rules.onLeave, text);
		this.#attendance = new Attendance({
			parts,
			channel: this.#channel,
			group: this.#group,
			graceMs: rules.graceMs,
			onLeave
		});
	}

	/** @throws {LiveError} UNAVAILABLE where the backplane cannot be reached */
	async open(): Promise<Row[]> {
		this.#lingerAnew();
		await this.#channel.open();
		return this.#channel.rows;
	}

	/** Somebody reads it; with an arrival they are in it, too. */
	enter(reading: object, arrival: Arrival | null): void {
		this.#readers++;
		this.open().catch((error: unknown) => this.#options.parts.onError('', error, null));
		if (arrival === null) return;
		const isNew = this.#attendance.join(reading, arrival);
		if (isNew) this.#run(this.#options.rules.onJoin, arrival.text);
	}

	/** @param wasLost whether the connection went without a word */
	exit(reading: object, key: string | null, wasLost: boolean): void {
		this.#readers--;
		if (key !== null && wasLost) this.#attendance.lose(key, reading);
		else if (key !== null) this.#attendance.leave(key, reading);
		this.#lingerAnew();
	}

	get attendance(): Attendance {
		return this.#attendance;
	}

	gone(processes: readonly string[]): void {
		this.#channel.gone(processes);
	}

	/** What was told, and what was stored, may be lost. */
	resync(): void {
		this.#attendance.writeAgain();
		this.#channel.resync();
	}

	/** This process ends in order. Who is here by way of it is still shown for a while: most come back elsewhere. */
	async stop(): Promise<void> {
		const { parts, rules } = this.#options;
		parts.clock.clearTimer(this.#idle);
		await this.#attendance.stop();
		try {
			// First the store: whoever begins to listen too late for being told reads it afterwards.
			await parts.process.holdings.leaveBehind(this.#group, rules.graceMs);
		} finally {
			await this.#channel.leave();
			this.#channel.close();
		}
	}

	#lingerAnew(): void {
		const { clock } = this.#options.parts;
		clock.clearTimer(this.#idle);
		this.#idle = clock.setTimer(() => this.#endIfIdle(), LINGER_MS);
	}

	#endIfIdle(): void {
		if (this.#readers > 0 || !this.#attendance.isEmpty) return this.#lingerAnew();
		this.#channel.close();
		this.#options.onIdle();
	}

	/** Somebody's process was killed: one of those that are left tells of it. */
	async #lost(key: string, text: ValueText, process: string): Promise<void> {
		const { parts, topic, rules } = this.#options;
		if (rules.onLeave === null) return;
		try {
			const name = `left/${process}/${topic}/${key}`;
			const isFirst = await parts.backplane.store.put(name, '', { ttlMs: TOLD_MS, version: 0 });
			if (isFirst !== null) this.#run(rules.onLeave, text);
		} catch (error) {
			parts.onError('', error, null);
		}
	}

	#run(hook: ListHook | null, text: ValueText): void {
		hook?.(this.#options, decodeRow(text));
	}
}

/** What processes hold in the store, or have left there, as `Attendance` writes it. */
async function loadClaims(parts: ServerParts, group: string): Promise<Map<string, LoadedClaims>> {
	const loaded = new Map<string, LoadedClaims>();
	for (const { process, key, value, isLeft } of await parts.process.holdings.entries(group)) {
		const end = value.indexOf(' ');
		const of = claimsIn(loaded, process);
		of.claims.set(key, [key, Number(value.slice(0, end)), value.slice(end + 1)]);
		of.hasLeft ||= isLeft;
	}
	return loaded;
}
