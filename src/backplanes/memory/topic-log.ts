// The last events of one topic, bounded by count and by size. Invariant: entries are contiguous and end at the head.

import type { Position } from '../../protocol/position.ts';
import type { EventBody } from '../../protocol/stream.ts';
import type { ReadResult } from '../../server/backplane.ts';

export interface LogBounds {
	/** The most events that a topic keeps. @default 4096 */
	events: number;
	/** The most characters that they may have together. @default 1048576 */
	characters: number;
}

export class TopicLog {
	readonly #epoch: string;
	readonly #bounds: LogBounds;
	#bodies: EventBody[] = [];
	/** Bodies at the front that are forgotten but not cut off yet: cutting one at a time would cost O(n) each. */
	#forgotten = 0;
	#characters = 0;
	#head = 0;

	constructor(epoch: string, bounds: LogBounds) {
		this.#epoch = epoch;
		this.#bounds = bounds;
	}

	get head(): Position {
		return { epoch: this.#epoch, offset: this.#head };
	}

	/** Of all events together. */
	get characters(): number {
		return this.#characters;
	}

	append(body: EventBody): Position {
		this.#bodies.push(body);
		this.#characters += body.length;
		this.#head++;
		this.#trim();
		return this.head;
	}

	#trim(): void {
		while (this.#size > this.#bounds.events || (this.#characters > this.#bounds.characters && this.#size > 1)) {
			this.#characters -= this.#bodies[this.#forgotten]?.length ?? 0;
			this.#bodies[this.#forgotten++] = '';
		}
		if (this.#forgotten < 64 || this.#forgotten < this.#bodies.length / 2) return;
		this.#bodies = this.#bodies.slice(this.#forgotten);
		this.#forgotten = 0;
	}

	get #size(): number {
		return this.#bodies.length - this.#forgotten;
	}

	read({ epoch, offset }: Position): ReadResult {
		if (epoch !== this.#epoch || offset > this.#head) return { kind: 'reset', reason: 'epoch' };
		const floor = this.#head - this.#size; // the offset before the oldest event that is kept
		if (offset < floor) return { kind: 'reset', reason: 'evicted' };
		const bodies = this.#bodies.slice(this.#forgotten + offset - floor);
		return { kind: 'events', epoch, entries: bodies.map((body, index) => ({ offset: offset + index + 1, body })) };
	}
}
