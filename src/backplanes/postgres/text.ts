// How text gets into the database and back to the letter: PostgreSQL has no NUL and no lone surrogates.

import type { EventBody } from '../../protocol/stream.ts';
import type { TopicName } from '../../protocol/topic.ts';

/** In a topic's encoded name `%` is followed by 25 or 2F only, so this stands for nothing else. */
export const topicToText = (topic: TopicName): string => topic.replaceAll('\0', '%00');

/** A lone surrogate can only be inside a string of the body's JSON, where an escape says the same. */
export function bodyToText(body: EventBody): string {
	if (body.isWellFormed()) return body;
	return body.replaceAll(/\p{Surrogate}/gu, (unit) => `\\u${unit.charCodeAt(0).toString(16)}`);
}

/** Any string, also one with what the database does not know. */
export const toText = (value: string): string => JSON.stringify(value);

export const fromText = (text: unknown): string => JSON.parse(String(text)) as string;

/** An array as PostgreSQL writes one: a parameter of it is text, which every client passes on alike. */
export function arrayText(values: readonly (string | number)[]): string {
	return `{${values.map((value) => (typeof value === 'number' ? value : quote(value))).join(',')}}`;
}

const quote = (text: string): string => `"${text.replaceAll(/["\\]/g, '\\$&')}"`;

/** A name as an identifier in SQL. */
export const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** Text as a literal in SQL. */
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;
