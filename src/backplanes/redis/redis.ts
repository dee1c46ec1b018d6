// Many processes, joined by a Redis. The log of a topic is a stream, written by one script that gives out the offset, stores,
// trims and publishes; channels only carry what the log has, and may lose it. Invariant: a position holds for one server and
// one history of it: whatever the server lost, it has another epoch afterwards (see `topic-scripts.ts`).

import { systemClock } from '../../base/clock.ts';
import { randomName } from '../../base/random.ts';
import type { Position } from '../../protocol/position.ts';
import type { EventBody } from '../../protocol/stream.ts';
import type { TopicName } from '../../protocol/topic.ts';
import type { Backplane, BackplaneStatus, Delivery, ReadResult } from '../../server/backplane.ts';
import { Broadcasts } from './broadcasts.ts';
import { clientKind, type RedisClient } from './client.ts';
import { Connection } from './connection.ts';
import { Keys } from './keys.ts';
import { decodeMessage } from './message.ts';
import { REDIS_DEFAULTS, type RedisOptions } from './options.ts';
import { RedisLog } from './redis-log.ts';
import { RedisStore } from './redis-store.ts';
import { digestAll } from './script.ts';
import { STORE_SCRIPTS } from './store-scripts.ts';
import { TOPIC_SCRIPTS } from './topic-scripts.ts';
import { TopicFeed } from './topic-feed.ts';

/** What the backplane has besides what every backplane has. */
export interface RedisBackplane extends Backplane {
	/** Messages on our channels and entries in our streams that were not ours. */
	readonly dropped: number;
	append(topic: TopicName, body: EventBody): Promise<Position>;
}

const SCRIPTS = [...TOPIC_SCRIPTS, ...STORE_SCRIPTS];

class JoinedByRedis implements RedisBackplane {
	readonly name = 'redis';
	readonly store: RedisStore;
	readonly #options: Required<RedisOptions>;
	readonly #keys: Keys;
	readonly #connection: Connection;
	readonly #log: RedisLog;
	readonly #broadcasts: Broadcasts;
	readonly #feeds = new Map<TopicName, TopicFeed>();
	/** The same, by channel. */
	readonly #channels = new Map<string, TopicFeed>();
	#deliver: (delivery: Delivery) => void = () => {};
	#onStatus: (status: BackplaneStatus) => void = () => {};
	#dropped = 0;

	constructor(client: string | RedisClient, options: RedisOptions) {
		this.#options = {
			...REDIS_DEFAULTS,
			clock: systemClock,
			random: Math.random,
			onError: () => {},
			...options
		};
		const { isCluster, open } = clientKind(client);
		this.#keys = new Keys(this.#options.keyPrefix);
		this.#connection = new Connection({
			...this.#options,
			open,
			scripts: SCRIPTS,
			channels: () => [...this.#channels.keys()],
			onMessage: (channel, text) => this.#hear(channel, text),
			onStatus: (status) => this.#changed(status)
		});
		const shared = { connection: this.#connection, keys: this.#keys, feeds: this.#feeds, isCluster };
		const parts = { ...shared, options: this.#options, origin: randomName() };
		this.store = new RedisStore(shared);
		this.#log = new RedisLog(parts);
		this.#broadcasts = new Broadcasts(parts);
	}

	get dropped(): number {
		return this.#dropped;
	}

	async start(deliver: (delivery: Delivery) => void, onStatus = this.#onStatus): Promise<void> {
		this.#deliver = deliver;
		this.#onStatus = onStatus;
		await digestAll(SCRIPTS);
		await this.#connection.start();
	}

	/** What was asked for is carried out first. */
	async stop(): Promise<void> {
		await Promise.all([this.#log.flush(), this.#broadcasts.flush()]);
		for (const topic of this.#feeds.keys()) this.#remove(topic);
		this.#connection.stop();
	}

	async subscribe(topic: TopicName): Promise<Position> {
		const feed = this.#feeds.get(topic) ?? this.#add(topic);
		await this.#connection.listen(this.#keys.topic(topic).channel);
		return feed.join(await this.#log.head(topic));
	}

	#add(topic: TopicName): TopicFeed {
		const feed = new TopicFeed(topic, this.#options.clock, (delivery) => this.#deliver(delivery));
		this.#feeds.set(topic, feed);
		this.#channels.set(this.#keys.topic(topic).channel, feed);
		return feed;
	}

	unsubscribe(topic: TopicName): void {
		const channel = this.#remove(topic);
		if (channel !== null) this.#connection.link?.unsubscribe(channel);
	}

	/** Returns the channel that it was heard on; null where it was not. */
	#remove(topic: TopicName): string | null {
		const feed = this.#feeds.get(topic);
		if (!feed) return null;
		const { channel } = this.#keys.topic(topic);
		this.#feeds.delete(topic);
		this.#channels.delete(channel);
		feed.leave();
		return channel;
	}

	head(topic: TopicName): Promise<Position> {
		return this.#log.head(topic);
	}

	append(topic: TopicName, body: EventBody): Promise<Position> {
		return this.#log.append(topic, body);
	}

	broadcast(topic: TopicName, body: EventBody, conflationKey: string | null): Promise<void> {
		return this.#broadcasts.send(topic, { body, conflationKey });
	}

	async read(topic: TopicName, after: Position): Promise<ReadResult> {
		try {
			return await this.#log.read(topic, after);
		} catch (error) {
			if (!(error instanceof SyntaxError)) throw error;
			this.#drop(`the stream of the topic "${topic}" has an entry`);
			return { kind: 'reset', reason: 'evicted' };
		}
	}

	#hear(channel: string, text: string): void {
		const feed = this.#channels.get(channel);
		if (!feed) return; // left meanwhile
		const message = decodeMessage(text);
		if (message === null) this.#drop(`there was a message on the channel "${channel}"`);
		else if (message.kind === 'events') feed.hear(message);
		else this.#broadcasts.hear(feed, message);
	}

	#drop(what: string): void {
		this.#dropped++;
		this.#options.onError(new Error(`tidewire: ${what} that tidewire did not write; it was dropped`));
	}

	#changed(status: BackplaneStatus): void {
		for (const feed of this.#feeds.values()) feed.interrupt();
		this.#onStatus(status);
	}
}

/**
 * Joins processes by a Redis (6.2 or later) or a Valkey: one server, Sentinel or Cluster.
 * @param client where it is, or a client of ioredis, iovalkey or node-redis, which is copied: tidewire opens two connections
 *   of its own with its settings, and neither uses nor closes this one
 */
export function redis(client: string | RedisClient, options: RedisOptions = {}): RedisBackplane {
	return new JoinedByRedis(client, options);
}
