// Messages of one pass as one WebSocket message.

import type { TransportSocket } from '../../server/transport.ts';

export type Frames = Parameters<TransportSocket['send']>[0];

/** The messages joined by line ends, as the protocol says. */
export function textOf(frames: Frames): string {
	const [first] = frames;
	return frames.length === 1 && first ? first.text : frames.map(({ text }) => text).join('\n');
}

/** The most frames that are compared: what is joined once for all is what few publishes made in one pass. */
export const COMPARED = 64;

/**
 * Joins frames once for all sockets that send the same ones, one socket after another, as subscribers of the same topics do
 * at the end of a pass.
 */
export class Joiner {
	#frames: Frames = [];
	#text = '';

	textOf(frames: Frames): string {
		if (frames.length > COMPARED) return textOf(frames);
		if (!isSame(frames, this.#frames)) {
			this.#frames = frames;
			this.#text = textOf(frames);
		}
		return this.#text;
	}
}

export function isSame(frames: Frames, others: Frames): boolean {
	return frames.length === others.length && frames.every((frame, index) => frame === others[index]);
}
