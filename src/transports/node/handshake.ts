// The server's half of a WebSocket handshake (RFC 6455, section 4.2), without extensions. Invariant: of the request, only what
// was checked goes into the response.

import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Refusal } from '../shared/options.ts';

const VERSION = '13';
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
/** 16 bytes in base64. */
const KEY = /^[+/0-9A-Za-z]{22}==$/;
/** RFC 9110, section 5.6.2. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

const SWITCHING = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n';

/** What a refused version is told. */
export const SPOKEN_VERSION = ['Upgrade: websocket', `Sec-WebSocket-Version: ${VERSION}`] as const;

/** Why a request is no handshake; null where it is one. */
export function handshakeRefusal({ headers }: IncomingMessage): Refusal | null {
	const { upgrade, 'sec-websocket-key': key = '', 'sec-websocket-version': version } = headers;
	if (upgrade?.toLowerCase() !== 'websocket') return refusal('The header "Upgrade" must be "websocket".');
	if (version !== VERSION) return { status: 426, reason: `"Sec-WebSocket-Version" must be ${VERSION}.` };
	if (!KEY.test(key)) return refusal('"Sec-WebSocket-Key" must be 16 bytes in base64.');
	const protocols = offeredProtocols(headers);
	const isList = protocols.every((name) => TOKEN.test(name)) && new Set(protocols).size === protocols.length;
	return isList ? null : refusal('"Sec-WebSocket-Protocol" must be a list of different names.');
}

/** The response to a request that `handshakeRefusal` let through. */
export function handshakeResponse({ headers }: IncomingMessage, setCookies: readonly string[]): string {
	const accept = createHash('sha1')
		.update(`${headers['sec-websocket-key'] ?? ''}${GUID}`)
		.digest('base64');
	const [protocol] = offeredProtocols(headers);
	// A browser that offered some takes no answer without one of them.
	const chosen = protocol === undefined ? '' : `Sec-WebSocket-Protocol: ${protocol}\r\n`;
	const cookies = setCookies.map((cookie) => `Set-Cookie: ${cookie}\r\n`).join('');
	return `${SWITCHING}Sec-WebSocket-Accept: ${accept}\r\n${chosen}${cookies}\r\n`;
}

function offeredProtocols({ 'sec-websocket-protocol': offered }: IncomingMessage['headers']): string[] {
	return offered === undefined ? [] : offered.split(',').map((name) => name.trim());
}

const refusal = (reason: string): Refusal => ({ status: 400, reason });
