// The text messages that arrive on one bare connection, after the answer to its upgrade.
import type { Socket } from 'node:net';

export class Messages {
	readonly upgraded: Promise<void>;
	onMessage: (message: string) => void = () => {};
	#pending: Buffer = Buffer.alloc(0);
	#isUpgraded = false;

	constructor(socket: Socket) {
		const { promise, resolve } = Promise.withResolvers<void>();
		this.upgraded = promise;
		socket.on('data', (chunk: Buffer) => {
			this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
			if (!this.#isUpgraded) this.#skipHead(resolve);
			while (this.#takeFrame());
		});
	}

	#skipHead(upgraded: () => void): void {
		const end = this.#pending.indexOf('\r\n\r\n');
		if (end < 0) return;
		this.#isUpgraded = true;
		this.#pending = this.#pending.subarray(end + 4);
		upgraded();
	}

	#takeFrame(): boolean {
		const bytes = this.#pending;
		if (!this.#isUpgraded || bytes.length < 2) return false;
		const short = bytes[1]! & 0x7f;
		const start = short === 126 ? 4 : short === 127 ? 10 : 2;
		if (bytes.length < start) return false;
		const length = short === 126 ? bytes.readUInt16BE(2) : short === 127 ? Number(bytes.readBigUInt64BE(2)) : short;
		if (bytes.length < start + length) return false;
		for (const message of bytes.toString('utf8', start, start + length).split('\n')) this.onMessage(message);
		this.#pending = bytes.subarray(start + length);
		return true;
	}
}
