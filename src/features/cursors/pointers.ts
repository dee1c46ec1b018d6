// Where everybody points in one topic, in one process: the places of all processes, and those that were told here. Places
// change often and are worth nothing later, so no store has them: whoever begins to read asks the other processes.

import type { Timer } from '../../base/clock.ts';
import type { TopicName } from '../../protocol/topic.ts';
import type { ValueText } from '../../protocol/value.ts';
import type { Pacer } from '../../server/pacer.ts';
import type { ServerParts } from '../../server/server-parts.ts';
import { Channel } from '../shared/channel.ts';

export interface Move {
	readonly key: string;
	readonly connection: string;
	/** Null takes the cursor away. */
	readonly text: ValueText | null;
}

export interface PointersOptions {
	readonly parts: ServerParts;
	readonly topic: TopicName;
	readonly pacer: Pacer;
	/** Nobody has used it for a while. */
	readonly onIdle: () => void;
}

const LINGER_MS = 30_000;

export class Pointers {
	readonly #options: PointersOptions;
	readonly #channel: Channel;
	/** Where the users of this process point, and by which connection. */
	readonly #places = new Map<string, { connection: string; text: ValueText }>();
	#readers = 0;
	#idle: Timer | null = null;

	constructor(options: PointersOptions) {
		this.#options = options;
		const { parts, topic } = options;
		this.#channel = new Channel({ kind: 'cursors', topic, parts, leavingMs: 0 });
	}

	/** @throws {LiveError} UNAVAILABLE where the backplane cannot be reached */
	async open(): Promise<Record<string, unknown>[]> {
		this.#lingerAnew();
		await this.#channel.open();
		return this.#channel.rows;
	}

	enter(): void {
		this.#readers++;
	}

	exit(): void {
		this.#readers--;
		this.#lingerAnew();
	}

	/** Shows a place at once, then at most every `everyMs`; the last one always. */
	move({ key, connection, text }: Move, everyMs: number): void {
		if (text === null) return this.#remove(key);
		this.#places.set(key, { connection, text });
		const { pacer, topic } = this.#options;
		pacer.throttle(`${topic} ${key}`, everyMs, () => this.#show(key));
	}

	/** A connection is gone, and with it what it pointed at. */
	removeAll(connection: string): void {
		for (const [key, place] of this.#places) if (place.connection === connection) this.#remove(key);
	}

	gone(processes: readonly string[]): void {
		this.#channel.gone(processes);
	}

	resync(): void {
		this.#channel.resync();
		for (const key of this.#places.keys()) this.#channel.tell(key);
	}

	async stop(): Promise<void> {
		this.#options.parts.clock.clearTimer(this.#idle);
		await this.#channel.leave();
		this.#channel.close();
	}

	#show(key: string): void {
		const place = this.#places.get(key);
		if (place === undefined) return; // taken away since
		this.#channel.set(key, place.text);
		this.#channel.tell(key);
	}

	#remove(key: string): void {
		if (!this.#places.delete(key)) return;
		this.#channel.set(key, null);
		this.#channel.tell(key);
	}

	#lingerAnew(): void {
		const { clock } = this.#options.parts;
		clock.clearTimer(this.#idle);
		this.#idle = clock.setTimer(() => this.#endIfIdle(), LINGER_MS);
	}

	#endIfIdle(): void {
		if (this.#readers > 0 || this.#places.size > 0) return this.#lingerAnew();
		this.#channel.close();
		this.#options.onIdle();
	}
}
