// Joins the messages of one microtask into as few frames as the server's limit allows, in their order.

import { MESSAGE_SEPARATOR } from '../protocol/frame.ts';

const encoder = new TextEncoder();

/** Size in UTF-8 bytes. */
export function byteLength(text: string): number {
	return encoder.encode(text).length;
}

export class Outbox {
	readonly #write: (frame: string) => void;
	#messages: string[] = [];
	#bytes = 0;
	#scheduled = false;

	constructor(write: (frame: string) => void) {
		this.#write = write;
	}

	/** Sends a message at the end of this microtask; earlier where the frame would grow beyond `maxBytes`. */
	add(message: string, bytes: number, maxBytes: number): void {
		if (this.#bytes + bytes > maxBytes) this.flush();
		this.#messages.push(message);
		this.#bytes += bytes + MESSAGE_SEPARATOR.length;
		if (this.#scheduled) return;
		this.#scheduled = true;
		queueMicrotask(() => {
			this.#scheduled = false;
			this.flush();
		});
	}

	/** Forgets what has not left yet. */
	clear(): void {
		this.#messages = [];
		this.#bytes = 0;
	}

	/** Sends what there is. */
	flush(): void {
		const frame = this.#messages.join(MESSAGE_SEPARATOR);
		this.clear();
		if (frame) this.#write(frame);
	}
}
