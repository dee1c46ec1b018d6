// Who is in one topic by way of this process: everybody by one key, however many connections they have. Whoever loses a
// connection stays for a while, since most come back; whoever leaves is gone at once. Invariant: what the store holds for
// this process is what it claims, as soon as the store can be reached.

import type { Timer } from '../../base/clock.ts';
import type { ValueText } from '../../protocol/value.ts';
import type { ServerParts } from '../../server/server-parts.ts';
import type { Channel } from '../shared/channel.ts';

export interface Arrival {
	readonly key: string;
	readonly connection: string;
	readonly text: ValueText;
}

/** One reading of the list by one connection. */
interface Stay {
	readonly connection: string;
	text: ValueText;
	/** Set while the connection is lost. */
	leaving: Timer | null;
}

export interface AttendanceOptions {
	readonly parts: ServerParts;
	readonly channel: Channel;
	/** What the store knows the list by. */
	readonly group: string;
	readonly graceMs: number;
	/** Somebody is not there any more, on any process that is known of. */
	readonly onLeave: (key: string, text: ValueText) => void;
}

const RETRY_MS = 1_000;

export class Attendance {
	readonly #options: AttendanceOptions;
	/** By key, then by what stands for a reading: whose data was given last is last. */
	readonly #stays = new Map<string, Map<object, Stay>>();
	/** Keys whose state the store does not have yet. */
	readonly #unwritten = new Set<string>();
	readonly #writing = new Map<string, Promise<void>>();
	#retry: Timer | null = null;
	#stopped = false;

	constructor(options: AttendanceOptions) {
		this.#options = options;
	}

	/** Whether nobody is here by way of this process, and the store knows. */
	get isEmpty(): boolean {
		return this.#stays.size === 0 && this.#unwritten.size === 0 && this.#writing.size === 0;
	}

	/**
	 * Somebody reads the list.
	 * @param reading names this reading, for `leave` and `lose`
	 * @returns whether they were not there before
	 */
	join(reading: object, { key, connection, text }: Arrival): boolean {
		const { channel } = this.#options;
		const isNew = !channel.claims.shown.has(key);
		const stays = this.#stays.get(key) ?? new Map<object, Stay>();
		this.#stays.set(key, stays);
		// Whoever is back needs no place kept.
		for (const [lost, { leaving }] of stays) if (leaving !== null) this.#forget(stays, lost);
		stays.set(reading, { connection, text, leaving: null });
		this.#claim(key);
		return isNew;
	}

	/** Gives what a connection shows of somebody another content. Returns whether it is there. */
	update(key: string, connection: string, text: ValueText): boolean {
		const stays = this.#stays.get(key);
		const own = [...(stays ?? [])].filter(([, stay]) => stay.connection === connection && stay.leaving === null);
		if (!stays || own.length === 0) return false;
		for (const [reading, stay] of own) {
			stays.delete(reading);
			stays.set(reading, { ...stay, text });
		}
		this.#claim(key);
		return true;
	}

	/** What a connection shows of somebody; undefined where it does not read the list. */
	textOf(key: string, connection: string): ValueText | undefined {
		return [...(this.#stays.get(key)?.values() ?? [])].findLast((stay) => stay.connection === connection)?.text;
	}

	leave(key: string, reading: object): void {
		const stays = this.#stays.get(key);
		if (!stays?.has(reading)) return;
		this.#forget(stays, reading);
		if (stays.size === 0) this.#stays.delete(key);
		this.#claim(key);
	}

	/** The connection was lost: the place is kept for a while. */
	lose(key: string, reading: object): void {
		const stay = this.#stays.get(key)?.get(reading);
		const { parts, graceMs } = this.#options;
		if (stay !== undefined) stay.leaving = parts.clock.setTimer(() => this.leave(key, reading), graceMs);
	}

	/** The others may have cleared away what is here, or the store was away. */
	writeAgain(): void {
		for (const key of this.#stays.keys()) this.#unwritten.add(key);
		this.#writeAll();
	}

	/** Returns when nothing is being written any more. */
	async stop(): Promise<void> {
		this.#stopped = true;
		const { clock } = this.#options.parts;
		clock.clearTimer(this.#retry);
		for (const stays of this.#stays.values()) for (const { leaving } of stays.values()) clock.clearTimer(leaving);
		await Promise.all(this.#writing.values());
	}

	#forget(stays: Map<object, Stay>, reading: object): void {
		this.#options.parts.clock.clearTimer(stays.get(reading)?.leaving ?? null);
		stays.delete(reading);
	}

	/** Claims what the last reading shows, or gives the key up. */
	#claim(key: string): void {
		const { channel, onLeave } = this.#options;
		const text = [...(this.#stays.get(key)?.values() ?? [])].at(-1)?.text ?? null;
		const before = channel.claims.shown.get(key);
		channel.set(key, text);
		if (before !== undefined && !channel.claims.shown.has(key)) onLeave(key, before);
		this.#unwritten.add(key);
		this.#writeAll();
	}

	#writeAll(): void {
		if (this.#stopped) return;
		for (const key of this.#unwritten) {
			if (!this.#writing.has(key)) this.#writing.set(key, this.#write(key));
		}
	}

	/** One write of a key at a time: a later one must not be overtaken. */
	async #write(key: string): Promise<void> {
		try {
			while (this.#unwritten.delete(key)) await this.#put(key);
		} catch (error) {
			this.#unwritten.add(key);
			this.#retryLater(error);
		} finally {
			this.#writing.delete(key);
		}
	}

	/** First the store, then the others: whoever reads the store after they are told finds it there. */
	async #put(key: string): Promise<void> {
		const { parts, channel, group } = this.#options;
		const { holdings, roster } = parts.process;
		const [, stamp, text] = channel.claims.claimOf(roster.id, key);
		if (text === null) await holdings.leave(group, key);
		else await holdings.enter(group, key, `${stamp} ${text}`);
		channel.tell(key);
	}

	#retryLater(error: unknown): void {
		if (this.#retry !== null || this.#stopped) return;
		const { clock, onError } = this.#options.parts;
		onError('', error, null);
		this.#retry = clock.setTimer(() => {
			this.#retry = null;
			this.#writeAll();
		}, RETRY_MS);
	}
}
