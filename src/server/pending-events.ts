// The events of a log topic that nobody was offered yet: those of this pass of the event loop, encoded, which end at the
// topic's head. They wait for each other, so that every reader is touched once for all of them.

import { EventFrame } from './event-frame.ts';

/** No more than this waits: a longer flood is offered in parts, so that queues can drop it in parts. */
const MAX_CHARACTERS = 64 * 1024;

export class PendingEvents {
	#texts: string[] = [];
	#characters = 0;
	/** The offset of the last event. */
	#last = 0;

	get isFull(): boolean {
		return this.#characters >= MAX_CHARACTERS;
	}

	add(text: string, offset: number): void {
		this.#texts.push(text);
		this.#characters += text.length;
		this.#last = offset;
	}

	/** The events behind an offset as one frame, made anew each time; null where there are none. */
	after(offset: number): EventFrame | null {
		const first = this.#last - this.#texts.length + 1;
		if (offset < first) return new EventFrame(this.#texts, { first, last: this.#last, conflationKey: null });
		if (offset >= this.#last) return null;
		const texts = this.#texts.slice(offset + 1 - first);
		return new EventFrame(texts, { first: offset + 1, last: this.#last, conflationKey: null });
	}
}
