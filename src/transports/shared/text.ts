// Messages of one pass as one WebSocket message.

import type { TransportSocket } from '../../server/transport.ts';

export type Frames = Parameters<TransportSocket['send']>[0];

/** The messages joined by line ends, as the protocol says. */
export function textOf(frames: Frames): string {
	const [first] = frames;
	return frames.length === 1 && first ? first.text : frames.map(({ text }) => text).join('\n');
}
