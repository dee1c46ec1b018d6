// What the simulated application stores, outside of tidewire: the truth that every client has to arrive at.

import { encodeEventBody } from '../../src/protocol/stream.ts';
import { Lines, type LogEnd } from './pages/stored-lines.ts';

export interface Row {
	id: string;
	room: string;
	/** Grows with every write of the database: a row that goes back is found out. */
	version: number;
	text: string;
}

export interface Note {
	id: string;
	user: string;
}

export interface Post {
	id: string;
	text: string;
}

export interface Seat {
	key: string;
	version: number;
}

/** An event as the log has it. */
export interface Committed {
	body: string;
	atMs: number;
}

export const ROOMS = ['red', 'blue'];
/** What is loaded of it may become stale: its streams get new values without a reset. */
export const INVALIDATED_ROOM = 'blue';
export const USERS = ['ann', 'bob', 'cid'];

export class Database {
	readonly rooms = new Map<string, Map<string, Row>>(ROOMS.map((room) => [room, new Map()]));
	/** What is loaded in pages. */
	readonly lines = new Map<string, Lines>(ROOMS.map((room) => [room, new Lines()]));
	readonly notes = new Map<string, Note[]>(USERS.map((user) => [user, []]));
	readonly seats = new Map<string, Seat>();
	readonly cursors = new Map<string, Seat>();
	readonly posts: Post[] = [];
	setting = { number: 0 };
	/** How often each call took effect. */
	readonly effects = new Map<string, number>();
	/** Who may read which room: `user room`. */
	readonly granted = new Set<string>(USERS.flatMap((user) => ROOMS.map((room) => `${user} ${room}`)));
	/** Since when a user may not read a room, by `user room`; absent where granted. */
	readonly refusedSince = new Map<string, number>();
	/** Since when a user may not connect. */
	readonly bannedSince = new Map<string, number>();
	/** Everything that was ever appended, by `topic epoch`; the index is the offset - 1. */
	readonly log = new Map<string, Committed[]>();
	#versions = 0;
	readonly #locks = new Map<string, Promise<void>>();

	nextVersion(): number {
		return ++this.#versions;
	}

	count(callId: string): void {
		this.effects.set(callId, (this.effects.get(callId) ?? 0) + 1);
	}

	commit(at: { topic: string; epoch: string; offset: number }, committed: Committed): void {
		const key = `${at.topic} ${at.epoch}`;
		let entries = this.log.get(key);
		if (!entries) this.log.set(key, (entries = []));
		if (at.offset !== entries.length + 1) throw new Error(`${key}: offset ${at.offset} follows ${entries.length}`);
		entries.push(committed);
	}

	committed(topic: string, epoch: string, offset: number): Committed | undefined {
		return this.log.get(`${topic} ${epoch}`)?.[offset - 1];
	}

	/** Where the log ends that a topic has now; null where it never had one. */
	end(topic: string): LogEnd | null {
		const logs = [...this.log].filter(([key]) => key.startsWith(`${topic} `));
		const [key, entries] = logs.at(-1) ?? [];
		return key === undefined || entries === undefined ? null : { key, offset: entries.length };
	}

	/** One writer of a row at a time, as with a transaction. */
	async locked<Result>(name: string, run: () => Promise<Result>): Promise<Result> {
		const before = this.#locks.get(name);
		const lock = Promise.withResolvers<void>();
		this.#locks.set(name, lock.promise);
		await before;
		try {
			return await run();
		} finally {
			if (this.#locks.get(name) === lock.promise) this.#locks.delete(name);
			lock.resolve();
		}
	}
}

export const bodyOf = (event: string, data: unknown): string => encodeEventBody(event, data);
