// The part of Bun that is used, so that the package needs neither Bun nor its types.

/** One WebSocket of `Bun.serve`. */
export interface BunWebSocket<Data> {
	readonly data: Data;
	/** The bytes that were sent, -1 where some of them wait, 0 where the message was dropped. */
	sendText(text: string): number;
	sendBinary(data: Uint8Array): number;
	getBufferedAmount(): number;
	close(code: number, reason: string): void;
	terminate(): void;
	/** Older versions of Bun cannot stop reading. */
	pause?(): void;
	resume?(): void;
}

/** What `fetch` of `Bun.serve` is given. */
export interface BunServer<Data> {
	upgrade(request: Request, options: { data: Data; headers: Headers }): boolean;
	requestIP(request: Request): { address: string } | null;
}

/** `websocket` of `Bun.serve`. */
export interface BunWebSocketHandler<Data> {
	open(socket: BunWebSocket<Data>): void;
	message(socket: BunWebSocket<Data>, data: string | Uint8Array): void;
	drain(socket: BunWebSocket<Data>): void;
	close(socket: BunWebSocket<Data>, code: number, reason: string): void;
	maxPayloadLength: number;
	backpressureLimit: number;
	closeOnBackpressureLimit: boolean;
	idleTimeout: number;
	sendPings: boolean;
	perMessageDeflate: boolean;
}
