import type { IncomingMessage } from 'node:http';
import { Duplex } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { handshakeRefusal, handshakeResponse } from './handshake.ts';

/** The example of RFC 6455, section 1.3. */
const GOOD = {
	upgrade: 'websocket',
	connection: 'Upgrade',
	'sec-websocket-version': '13',
	'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ=='
};
const ACCEPT = 'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=';

const requestWith = (headers: Record<string, string | undefined>): IncomingMessage =>
	({ method: 'GET', url: '/', headers: { ...GOOD, ...headers } }) as unknown as IncomingMessage;

const respond = (request: IncomingMessage): string =>
	handshakeRefusal(request) === null
		? handshakeResponse(request, [])
		: `HTTP/1.1 ${handshakeRefusal(request)?.status} `;

/** The head of what `ws` writes. */
function respondAsWs(request: IncomingMessage): string {
	let written = '';
	const socket = new Duplex({
		read() {},
		write(chunk: Buffer, _encoding, done) {
			written += chunk.toString();
			done();
		}
	});
	new WebSocketServer({ noServer: true }).handleUpgrade(request, socket, Buffer.alloc(0), () => {});
	socket.destroy();
	return written;
}

/** Everything of a response that lets the request through, and the status of another. */
const gist = (response: string): string => (response.startsWith('HTTP/1.1 101 ') ? response : response.slice(0, 12));

describe('a handshake is answered as ws answers it', () => {
	test.each<[string, Record<string, string | undefined>]>([
		['that is good', {}],
		['in capitals', { upgrade: 'WebSocket' }],
		['with a subprotocol', { 'sec-websocket-protocol': 'live' }],
		['with several subprotocols', { 'sec-websocket-protocol': 'one, two,three' }],
		['with extensions, which nobody asked for', { 'sec-websocket-extensions': 'permessage-deflate' }],
		['without Upgrade', { upgrade: undefined }],
		['for something else', { upgrade: 'h2c' }],
		['without a key', { 'sec-websocket-key': undefined }],
		['with a short key', { 'sec-websocket-key': 'c2hvcnQ=' }],
		['with a long key', { 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZXh4eA==' }],
		['with a key of other characters', { 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25j*Q==' }],
		['with an empty subprotocol', { 'sec-websocket-protocol': '' }],
		['with a subprotocol that is missing', { 'sec-websocket-protocol': 'one,,two' }],
		['with a subprotocol in two words', { 'sec-websocket-protocol': 'one two' }],
		['with a subprotocol of other characters', { 'sec-websocket-protocol': 'a/b' }],
		['with a subprotocol twice', { 'sec-websocket-protocol': 'one, one' }]
	])('%s', (_, headers) => {
		const request = requestWith(headers);
		expect(gist(respond(request))).toBe(gist(respondAsWs(request)));
	});
});

describe('a handshake', () => {
	test('is answered with the hash of its key, the first subprotocol and the cookies', () => {
		const response = handshakeResponse(requestWith({ 'sec-websocket-protocol': 'b, a' }), ['x=1', 'y=2']);
		expect(response.endsWith('\r\n\r\n')).toBe(true);
		const lines = response.trimEnd().split('\r\n');
		expect(lines).toContain(ACCEPT);
		expect(lines.slice(-3)).toEqual(['Sec-WebSocket-Protocol: b', 'Set-Cookie: x=1', 'Set-Cookie: y=2']);
	});

	test.each(['12', '8', '014', '13, 8', undefined])('of version %s is told which one is spoken', (version) => {
		expect(handshakeRefusal(requestWith({ 'sec-websocket-version': version }))?.status).toBe(426);
	});
});
