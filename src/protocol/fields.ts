// Reads the fields of a decoded JSON message. Every message is an array whose first element names its kind; a field of
// the wrong type is a violation of the protocol, and the text of the refusal says which one.

import { LiveError } from '../base/errors.ts';

export type Message = readonly unknown[];

/** Numbers a call or a stream within one connection; the client chooses it and never uses it twice. */
export type RequestId = number;

export function violation(message: string): never {
	throw new LiveError('PROTOCOL_ERROR', message);
}

export function kindOf(message: Message): string {
	return typeof message[0] === 'string' ? message[0] : '?';
}

export function readLength(message: Message, least: number, most: number): void {
	if (message.length < least || message.length > most) {
		violation(`"${kindOf(message)}" has ${message.length} fields; it must have ${least} to ${most}`);
	}
}

/** A whole number of zero or more. */
export function readCount(message: Message, index: number, name: string): number {
	const value = message[index];
	if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
	return violation(`"${name}" of "${kindOf(message)}" must be a whole number of zero or more`);
}

/** What a field is called, and how long it may be. */
export interface TextField {
	readonly name: string;
	/** In characters. */
	readonly maxLength: number;
}

/** A string of 1 to `maxLength` characters. */
export function readText(message: Message, index: number, { name, maxLength }: TextField): string {
	const value = message[index];
	if (typeof value === 'string' && value.length > 0 && value.length <= maxLength) return value;
	return violation(`"${name}" of "${kindOf(message)}" must be a string of 1 to ${maxLength} characters`);
}

export function readList(message: Message, index: number, name: string): unknown[] {
	const value = message[index];
	if (Array.isArray(value)) return value as unknown[];
	return violation(`"${name}" of "${kindOf(message)}" must be a list`);
}
