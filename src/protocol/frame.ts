// A text frame holds one message or several, joined by line feeds: JSON never contains a raw one, so a frame is split
// without being parsed first.

import { LiveError } from '../base/errors.ts';
import { violation, type Message } from './fields.ts';

export const MESSAGE_SEPARATOR = '\n';

/** Longer texts are checked for depth before they are parsed: `JSON.parse` spends seconds on millions of brackets. */
const DEPTH_CHECK_LENGTH = 64 * 1024;

/**
 * Splits a frame into its messages.
 * @throws {LiveError} PROTOCOL_ERROR where a message is not a JSON array or nests absurdly deep
 */
export function parseFrame(text: string, maxDepth: number): Message[] {
	if (text.length > DEPTH_CHECK_LENGTH) assertDepth(text, maxDepth);
	return readFrame(text);
}

/** The same for a frame of a server, which a client need not protect itself from. */
export function readFrame(text: string): Message[] {
	if (!text.includes(MESSAGE_SEPARATOR)) return [parseMessage(text)];
	return text.split(MESSAGE_SEPARATOR).map(parseMessage);
}

/** Reads one message. */
export function parseMessage(text: string): Message {
	let message: unknown;
	try {
		message = JSON.parse(text);
	} catch (cause) {
		throw new LiveError('PROTOCOL_ERROR', 'a message must be valid JSON', { cause });
	}
	return Array.isArray(message) ? (message as unknown[]) : violation('a message must be a JSON array');
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Counts open brackets outside strings. The envelope of a message may take a few levels of its own. */
function assertDepth(text: string, maxDepth: number): void {
	let depth = 0;
	let inString = false;
	for (let index = 0; index < text.length; index++) {
		const code = text.charCodeAt(index);
		if (code === QUOTE) inString = !inString;
		else if (inString) index += code === BACKSLASH ? 1 : 0;
		else if (isOpening(code) && ++depth > maxDepth + 4) violation('a message nests deeper than the limit "depth"');
		else if (isClosing(code)) depth--;
	}
}

const isOpening = (code: number): boolean => code === 0x5b || code === 0x7b;
const isClosing = (code: number): boolean => code === 0x5d || code === 0x7d;
