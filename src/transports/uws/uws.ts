// The part of uWebSockets.js that is used, so that the package needs neither it nor its types.

/** One WebSocket. It must not be touched once `close` was called with it. */
export interface UwsWebSocket<Data> {
	getUserData(): Data;
	/** 1 where all of it has left, 0 where some of it waits, 2 where it was dropped. */
	send(message: string | Uint8Array, isBinary: boolean): number;
	getBufferedAmount(): number;
	end(code: number, reason: string): void;
	close(): void;
}

/** Only while `upgrade` runs. */
export interface UwsRequest {
	getHeader(name: string): string;
	getUrl(): string;
	getQuery(): string;
	getMethod(): string;
	forEach(each: (name: string, value: string) => void): void;
}

export interface UwsResponse {
	cork(run: () => void): unknown;
	onAborted(run: () => void): unknown;
	writeStatus(status: string): unknown;
	writeHeader(name: string, value: string): unknown;
	end(body: string, closeConnection: boolean): unknown;
	getRemoteAddressAsText(): ArrayBuffer;
	// The context is a handle that only uWebSockets.js knows the inside of.
	upgrade(data: unknown, key: string, protocol: string, extensions: string, context: unknown): void;
}

/** `App()` or `SSLApp()`. */
export interface UwsApp {
	ws<Data>(pattern: string, behavior: UwsBehavior<Data>): unknown;
}

export interface UwsBehavior<Data> {
	upgrade(response: UwsResponse, request: UwsRequest, context: unknown): void;
	open(socket: UwsWebSocket<Data>): void;
	message(socket: UwsWebSocket<Data>, message: ArrayBuffer, isBinary: boolean): void;
	drain(socket: UwsWebSocket<Data>): void;
	close(socket: UwsWebSocket<Data>, code: number, reason: ArrayBuffer): void;
	maxPayloadLength: number;
	maxBackpressure: number;
	idleTimeout: number;
	sendPingsAutomatically: boolean;
	compression: number;
}
