// What the client needs of a socket, and the way to get one from a WebSocket class. The rest of the client never sees
// a WebSocket, so that tests and the simulator bring their own sockets.

/** One connection attempt, and the connection that comes of it. */
export interface ClientSocket {
	/** Sends one frame: text as a string, else binary. Called only between `opened` and `closed`. */
	send(data: string | Uint8Array<ArrayBuffer>): void;
	/** Bytes that were given to `send` and have not left. @default 0 */
	readonly bufferedAmount?: number;
	/** Ends the connection or the attempt. Whatever the socket reports after it is ignored. */
	close(code: number): void;
}

/** What a socket reports, never before the function that made it has returned. */
export interface ClientSocketEvents {
	opened(): void;
	/** A text frame is a string, a binary one an `ArrayBuffer`. */
	message(data: unknown): void;
	/** The connection ended, or never came to be. */
	closed(code: number, reason: string): void;
}

/** Begins a connection attempt. */
export type ConnectSocket = (url: string, events: ClientSocketEvents) => ClientSocket;

/** The part of the WebSocket class that is used: the browser's, Node's and that of `ws` all have it. */
export interface WebSocketLike {
	send(data: string | Uint8Array<ArrayBuffer>): void;
	close(code?: number): void;
	binaryType: unknown;
	readonly bufferedAmount: number;
	onopen: unknown;
	onmessage: unknown;
	onclose: unknown;
	onerror: unknown;
}

export type WebSocketConstructor = new (url: string) => WebSocketLike;

/** Connects by a WebSocket class. */
export function webSocketConnect(Socket: WebSocketConstructor): ConnectSocket {
	return (url, events) => {
		const socket = new Socket(url);
		socket.binaryType = 'arraybuffer';
		socket.onopen = () => events.opened();
		socket.onmessage = (message: { data: unknown }) => events.message(message.data);
		socket.onclose = (close: { code: number; reason: unknown }) => events.closed(close.code, String(close.reason));
		// A close follows every error. Without a handler `ws` would throw.
		socket.onerror = () => {};
		return socket;
	};
}
