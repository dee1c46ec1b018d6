// What uWebSockets.js is given to send: a string for one socket, and for several that send the same one after another bytes,
// which it takes without a copy.

import { Joiner, type Frames } from '../shared/text.ts';

export class Payloads {
	readonly #joiner = new Joiner();
	#text = '';
	#bytes: Uint8Array | undefined;

	of(frames: Frames): string | Uint8Array {
		const text = this.#joiner.textOf(frames);
		if (text === this.#text) return (this.#bytes ??= Buffer.from(text));
		this.#text = text;
		this.#bytes = undefined;
		return text;
	}
}
