// What calls and streams see of the connection.

import type { LiveError } from '../base/errors.ts';
import type { Limits } from '../protocol/limits.ts';
import type { ConnectionStatus } from './status.ts';

export interface Link {
	readonly status: ConnectionStatus;
	/** Whether messages can be sent now. */
	readonly open: boolean;
	/** The server's limits; the defaults before its first welcome. */
	readonly limits: Limits;
	/** A number for a call or a stream. Never the same twice. */
	nextId(): number;
	/** Opens a connection where there is none. Returns why there will be none; undefined where there is or may be one. */
	demand(): LiveError | undefined;
	/**
	 * Sends a message with the others of this microtask. Only while `open`.
	 * @throws {LiveError} TOO_LARGE; then nothing was sent
	 */
	send(message: string): void;
	/** Sends a binary frame, behind what was sent before. Only while `open`. */
	sendBytes(frame: Uint8Array<ArrayBuffer>): void;
	/** Bytes that the network has not taken yet. */
	readonly bufferedBytes: number;
}
