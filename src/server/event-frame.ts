// Events of one topic that leave together: encoded once and joined once, for everybody who reads the topic.

import { MESSAGE_SEPARATOR } from '../protocol/frame.ts';
import { Frame } from './frame.ts';

/** What is known of the events in a frame. */
export interface EventSpan {
	/** The offset of the first one; 0 on an ephemeral topic. */
	readonly first: number;
	/** The offset of the last one; 0 on an ephemeral topic. */
	readonly last: number;
	/** What a later event replaces while this one waits to be sent; null where every event stands for itself. */
	readonly conflationKey: string | null;
}

export class EventFrame extends Frame implements EventSpan {
	readonly first: number;
	readonly last: number;
	readonly conflationKey: string | null;

	/** @param texts one for each event, in order */
	constructor(texts: readonly string[], { first, last, conflationKey }: EventSpan) {
		super(texts.length === 1 ? (texts[0] ?? '') : texts.join(MESSAGE_SEPARATOR));
		this.first = first;
		this.last = last;
		this.conflationKey = conflationKey;
	}
}
