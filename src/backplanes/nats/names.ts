// The names on the server. Topics, keys and members are any text, subjects are not: a token is a digest of the text, and
// the text itself stands in the message, where it is compared.

import { createHash } from 'node:crypto';

/** Of the text's SHA-256 144 bits, in 24 characters that any subject and any key of a bucket may have. */
export const tokenOf = (text: string): string => createHash('sha256').update(text).digest('base64url').slice(0, 24);

export interface Names {
	/** The stream with the logs of the topics. */
	log: string;
	/** The stream behind the bucket of the shared store. */
	bucket: string;
	/** Where a topic's events are published for the stream to store. */
	logSubject(token: string): string;
	/** What a process listens to that reads the topic: `.log` has what was stored, `.now` what is not kept. */
	topicSubject(token: string, kind: 'log' | 'now' | '*'): string;
	/** Of a key of the bucket. */
	keySubject(key: string): string;
	/** Answers to one process. */
	inbox(name: string): string;
}

export function namesUnder(prefix: string): Names {
	return {
		log: `${prefix}-log`,
		bucket: `KV_${prefix}`,
		logSubject: (token) => `${prefix}.log.${token}`,
		topicSubject: (token, kind) => `${prefix}.topic.${token}.${kind}`,
		keySubject: (key) => `$KV.${prefix}.${key}`,
		inbox: (name) => `${prefix}.inbox.${name}`
	};
}
