// The answer to an upgrade that is not let through: a short plain response on the raw socket.

import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Refusal } from '../shared/options.ts';
import { SPOKEN_VERSION } from './handshake.ts';

export function refuse(socket: Duplex, { status, reason }: Refusal): void {
	if (socket.destroyed || !socket.writable) return void socket.destroy();
	const body = `${reason}\n`;
	const head = [
		`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Refused'}`,
		'Connection: close',
		...(status === 426 ? SPOKEN_VERSION : []),
		'Content-Type: text/plain; charset=utf-8',
		`Content-Length: ${Buffer.byteLength(body)}`
	];
	// Destroyed after the write, or a peer that keeps its side open would hold the socket.
	socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}
