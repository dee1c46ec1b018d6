// Topics are written as parts and encoded in one place, so that no input can reach a topic that it was not meant for:
// `['board', 'a/b']` and `['board', 'a', 'b']` are different topics.

import type { Brand } from '../base/brand.ts';
import { LiveError } from '../base/errors.ts';
import { FIXED_LIMITS } from './limits.ts';

/** One part: numbers and strings of the same digits are the same part. */
export type TopicPart = string | number | bigint | boolean;

/** A topic as an author writes it; a string alone is one part. */
export type TopicParts = string | readonly TopicPart[];

/** The encoded form: parts joined by `/`, in which `%` and `/` are written `%25` and `%2F`. */
export type TopicName = Brand<string, 'TopicName'>;

/**
 * @throws {LiveError} BAD_REQUEST where a part is of another type, is not well-formed Unicode, or the whole is too long
 */
export function encodeTopic(parts: TopicParts): TopicName {
	const name = typeof parts === 'string' ? encodePart(parts) : parts.map(encodePart).join('/');
	if (name.length > FIXED_LIMITS.topicLength) refuse(`is longer than ${FIXED_LIMITS.topicLength} characters`);
	if (name.length === 0) refuse('is empty');
	return name as TopicName;
}

function encodePart(part: unknown): string {
	switch (typeof part) {
		case 'string':
			if (!part.isWellFormed()) refuse('has a lone surrogate');
			return part.includes('/') || part.includes('%') ? part.replaceAll('%', '%25').replaceAll('/', '%2F') : part;
		case 'number':
		case 'bigint':
		case 'boolean':
			return String(part);
		default:
			return refuse(`has a part of type ${part === null ? 'null' : typeof part}; use strings and numbers`);
	}
}

function refuse(reason: string): never {
	throw new LiveError('BAD_REQUEST', `the topic ${reason}`);
}
