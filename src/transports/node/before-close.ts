// Open WebSockets keep `server.close()` from ever finishing, and Node has no event for its beginning. So the method of
// this one server is wrapped: whoever closes it, on whatever signal, drains its sockets first.

/** The part of a server that is used. */
export interface ClosableServer {
	close(callback?: (error?: Error) => void): unknown;
}

/** Runs `drain` once, when the server begins to close. The server's own `close` runs at once too, and waits by itself. */
export function beforeClose(server: ClosableServer, drain: () => Promise<void>): void {
	const close = server.close.bind(server);
	let started = false;
	server.close = (callback) => {
		if (!started) {
			started = true;
			void drain();
		}
		return close(callback);
	};
}
