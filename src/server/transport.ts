// What the server needs from a transport, and what it offers to one. A transport accepts connections, authenticates
// them with the function it was given, and passes frames; it knows nothing of calls and streams.

import type { Frame } from './frame.ts';

/** One connection, as a transport shows it to the server. */
export interface TransportSocket {
	/** Where the connection comes from, as far as the transport knows; for logs and limits, never for identity. */
	readonly remoteAddress: string | undefined;
	/** Bytes that `send` took and that have not left the process yet. */
	readonly bufferedBytes: number;
	/** Sends messages in this order, as one write. `SocketEvents.drained` follows when `bufferedBytes` falls to zero. */
	send(frames: readonly Frame[]): void;
	/** Sends bytes as one binary message. They are not used any more. */
	sendMessage(data: Uint8Array): void;
	/** Closes when everything sent before has left. `SocketEvents.closed` follows. */
	close(code: number, reason: string): void;
	/** Ends the connection at once. `SocketEvents.closed` follows. */
	terminate(): void;
	/** Stops and starts reading, so that a peer that does not read its answers cannot ask for more. */
	pause(): void;
	resume(): void;
}

/** One connection that speaks no protocol of ours: whole messages go out one by one. */
export interface MessageSocket extends Omit<TransportSocket, 'send' | 'sendMessage'> {
	/** Sends a message: text as a string, else binary. The bytes are copied. `SocketEvents.drained` as above. */
	sendMessage(data: string | Uint8Array): void;
	/** Asks for a sign of life: `SocketEvents.ponged` is the answer. */
	ping(): void;
}

/** What a transport reports about one connection, in the order in which it happened. `closed` comes exactly once, last. */
export interface SocketEvents {
	/** A text frame is a string, a binary frame is bytes. */
	message(data: string | Uint8Array): void;
	drained(): void;
	/** The peer answered a ping. */
	ponged?(): void;
	/** The peer broke the rules of WebSocket and is being closed for it, with this code. */
	violated?(code: number): void;
	closed(code: number, reason: string): void;
}

/** Takes a new connection of a known session; the transport reports to what it returns. */
export type AcceptSocket<Session> = (socket: TransportSocket, session: Session) => SocketEvents;
