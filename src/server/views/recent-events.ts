// The last events of a view, so that whoever was away for a moment gets just those.

import type { Position } from '../../protocol/position.ts';
import type { EventBody } from '../../protocol/stream.ts';
import type { LogEntry } from '../backplane.ts';
import type { TopicRead } from '../read-topic.ts';

const MAX_EVENTS = 256;
const MAX_CHARACTERS = 64 * 1024;

export class RecentEvents {
	readonly #epoch: string;
	#entries: LogEntry[] = [];
	#characters = 0;
	#head = 0;

	/** @param epoch names this view's events, and those of no other view and time */
	constructor(epoch: string) {
		this.#epoch = epoch;
	}

	get head(): Position {
		return { epoch: this.#epoch, offset: this.#head };
	}

	/** Returns its offset. */
	add(body: EventBody): number {
		this.#entries.push({ offset: ++this.#head, body });
		this.#characters += body.length;
		while (this.#entries.length > MAX_EVENTS || this.#characters > MAX_CHARACTERS) {
			this.#characters -= this.#entries.shift()?.body.length ?? 0;
		}
		return this.#head;
	}

	read({ epoch, offset }: Position): TopicRead {
		const missed = this.#head - offset;
		const isKnown = epoch === this.#epoch && missed >= 0 && missed <= this.#entries.length;
		if (!isKnown) return { kind: 'reset', reason: 'view' };
		return { kind: 'events', epoch, entries: missed === 0 ? [] : this.#entries.slice(-missed) };
	}
}
