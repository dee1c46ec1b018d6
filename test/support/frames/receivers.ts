// The same bytes through two receivers of frames: that of `ws`, and ours. What they are told apart by is only what a server
// would notice: the messages and pings, in order, and how it ended.
import type { Writable } from 'node:stream';
import * as ws from 'ws';
import { FrameReader } from '../../../src/transports/node/frame-reader.ts';

/** `text …`, `binary …` in hexadecimal, `ping …`, and as the last one `close CODE REASON` or `violation CODE`. */
export type Heard = string[];

/** Resolves to what was heard of bytes that come in these pieces. */
export type Receive = (pieces: readonly Buffer[], maxBytes: number) => Promise<Heard>;

/** Exported, and not in its types. */
const { Receiver } = ws as unknown as {
	Receiver: new (options: { isServer: boolean; maxPayload: number }) => Writable;
};

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

export const receiveByOurs: Receive = async (pieces, maxBytes) => {
	const heard: Heard = [];
	const reader = new FrameReader(maxBytes);
	const sink = {
		onMessage: (data: string | Uint8Array) =>
			void heard.push(typeof data === 'string' ? `text ${data}` : `binary ${hexOf(data)}`),
		onPing: (payload: Uint8Array) => void heard.push(`ping ${hexOf(payload)}`),
		onPong: () => {},
		onCloseFrame: (code: number, reason: string) => void heard.push(`close ${code} ${reason}`),
		onViolation: (code: number) => void heard.push(`violation ${code}`)
	};
	// A copy, because it unmasks in place.
	for (const piece of pieces) reader.read(Buffer.from(piece), sink);
	return heard;
};

export const receiveByWs: Receive = async (pieces, maxBytes) => {
	const heard: Heard = [];
	const receiver = new Receiver({ isServer: true, maxPayload: maxBytes });
	receiver.on('message', (data: Buffer, isBinary: boolean) =>
		heard.push(isBinary ? `binary ${hexOf(data)}` : `text ${data.toString()}`)
	);
	receiver.on('ping', (payload: Buffer) => heard.push(`ping ${hexOf(payload)}`));
	receiver.on('conclude', (code: number, reason: Buffer) => heard.push(`close ${code} ${reason.toString()}`));
	receiver.on('error', (error: Error) => heard.push(`violation ${String(statusOf(error))}`));
	for (const piece of pieces) {
		if (receiver.writable) receiver.write(Buffer.from(piece));
	}
	// Its errors come a tick later.
	await new Promise((resolve) => process.nextTick(resolve));
	return heard;
};

/** The code for the close frame, which is under a symbol. */
function statusOf(error: Error): unknown {
	const symbol = Object.getOwnPropertySymbols(error).find(({ description }) => description === 'status-code');
	return symbol && (error as unknown as Record<symbol, unknown>)[symbol];
}
