// The names of everything in Redis. What one script needs has one hash tag, so that it is in one slot of a Cluster: all
// keys of a topic, and all values, counters and groups of a bucket.

import type { TopicName } from '../../protocol/topic.ts';
import { writeExact } from '../shared/exact-text.ts';

/** Enough to spread over the nodes of a Cluster, few enough to keep a version for each for ever. */
const BUCKETS = 1_024;

export interface TopicKeys {
	/** A hash: epoch, head, the server that they hold for. */
	readonly meta: string;
	/** A stream with the events, by offset. */
	readonly stream: string;
	/** Where its events are published. */
	readonly channel: string;
}

export class Keys {
	readonly #prefix: string;

	constructor(prefix: string) {
		this.#prefix = prefix;
	}

	/** In the name of a topic `%` begins `%25` or `%2F`, so `%7D` stands for the brace that would end the hash tag. */
	topic(topic: TopicName): TopicKeys {
		const channel = `${this.#prefix}:{${topic.replaceAll('}', '%7D')}}`;
		return { channel, meta: `${channel}:m`, stream: `${channel}:s` };
	}

	value(key: string): string {
		return this.#inBucket('v', key);
	}

	/** The greatest version that was given to any value of the key's bucket. */
	version(key: string): string {
		return `${this.#prefix}:{${bucketOf(key)}}:n`;
	}

	counter(key: string): string {
		return this.#inBucket('c', key);
	}

	/** A hash of the members, and a sorted set of when they end. */
	group(group: string): [members: string, ends: string] {
		return [this.#inBucket('g', group), this.#inBucket('e', group)];
	}

	#inBucket(kind: string, key: string): string {
		return `${this.#prefix}:{${bucketOf(key)}}:${kind}:${writeExact(key)}`;
	}
}

/** FNV-1a over UTF-16 units: the same in every process, whatever the key. */
export function bucketOf(key: string): number {
	let hash = 0x811c9dc5;
	for (let index = 0; index < key.length; index++) hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
	return (hash >>> 0) % BUCKETS;
}
