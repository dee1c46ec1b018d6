// One stream of one client under observation: that its events are those of the log, one after another, and that it shows
// what follows from them.

import type { Applied } from '../../src/client/options.ts';
import type { ClientStream } from '../../src/client/stream.ts';
import type { Position } from '../../src/protocol/position.ts';
import { encodeEventBody } from '../../src/protocol/stream.ts';
import { encodeTopic } from '../../src/protocol/topic.ts';
import { REVOKED_WITHIN_MS } from './limits.ts';
import type { Witness } from './witness.ts';

/** What a reader needs to know of the history that it is part of. */
export interface ReaderWorld {
	readonly witness: Witness;
	note(text: string): void;
	violate(problem: string): void;
	/** Since when a user may not read a topic any more, by the clock that all processes share; Infinity while it may. */
	deniedSince(user: string, topic: string): number;
}

export interface ReaderOptions {
	world: ReaderWorld;
	client: string;
	user: string;
	stream: ClientStream;
}

/** What the streams of the application read. */
const TOPICS: Readonly<Record<string, string>> = {
	'app/red': encodeTopic(['room', 'red']),
	'app/blue': encodeTopic(['room', 'blue']),
	'app/feed': 'feed'
};

export const show = (position: Position | null): string => (position ? `${position.epoch}:${position.offset}` : '-');

export class Reader {
	readonly stream: ClientStream;
	readonly topic: string;
	readonly label: string;
	readonly #world: ReaderWorld;
	readonly #user: string;
	/** Where the value stands; null before the first one. */
	position: Position | null = null;
	/** Events that it has applied. */
	events = 0;
	/** Values that took the place of another one. */
	resets = 0;
	/** Whether a reset was announced since the last change. */
	#told = true;

	constructor({ world, client, user, stream }: ReaderOptions) {
		this.stream = stream;
		this.topic = TOPICS[stream.path] ?? '';
		this.label = `${client} ${this.topic}`;
		this.#world = world;
		this.#user = user;
		stream.onChange(() => {});
	}

	told(reason: string): void {
		this.#world.note(`${this.label} reset: ${reason}`);
		this.#told = true;
	}

	applied({ position, change }: Applied): void {
		if (position === null) return this.#world.violate(`${this.label}: a log topic has no position`);
		if (change.kind === 'value') this.#appliedValue(position, change.value);
		else this.#appliedEvent(position, change);
		this.#told = false;
		this.position = position;
	}

	#appliedValue(position: Position, value: unknown): void {
		this.#world.note(`${this.label} value at ${show(position)}`);
		if (!this.#told) {
			this.#world.violate(
				`${this.label}: the value at ${show(this.position)} became ${show(position)} without a reset`
			);
		}
		if (this.position !== null) this.resets++;
		const rows = Array.isArray(value) ? (value as { atMs: number }[]) : [];
		this.#checkAccess(Math.max(0, ...rows.map(({ atMs }) => atMs)), 'a value');
	}

	#appliedEvent(position: Position, { event, data }: { event: string; data: unknown }): void {
		const last = this.position;
		this.events++;
		if (last?.offset !== position.offset - 1) {
			this.#world.violate(`${this.label}: event ${show(position)} was applied after ${show(last)}`);
		} else this.#world.witness.carry(this.topic, last, position.epoch);
		this.#world.witness.see({ topic: this.topic, ...position, body: encodeEventBody(event, data) }, this.label);
		this.#checkAccess((data as { atMs: number }).atMs, `event ${show(position)}`);
	}

	/** @param writtenMs when the newest of it was written */
	#checkAccess(writtenMs: number, what: string): void {
		const lateMs = writtenMs - this.#world.deniedSince(this.#user, this.topic);
		if (lateMs > REVOKED_WITHIN_MS) {
			this.#world.violate(
				`${this.label} was given ${what}, written ${lateMs.toFixed(0)} ms after access was taken`
			);
		}
	}

	/** What is shown, by id; null where nothing is. */
	get rows(): Map<string, string> | null {
		const { value } = this.stream.state;
		if (!Array.isArray(value)) return null;
		return new Map((value as { id: string; text: string }[]).map(({ id, text }) => [id, text]));
	}
}
