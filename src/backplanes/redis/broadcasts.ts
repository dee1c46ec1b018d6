// Events that are kept nowhere. They are delivered when they come back over the channel, so that all processes see those of a
// topic in one order. Invariant: each is delivered here at most once, and whoever sent it waits no longer than for the rest.

import type { TopicName } from '../../protocol/topic.ts';
import { Lanes, type Task } from './lanes.ts';
import { encodeBroadcasts, type Broadcast, type ChannelMessage } from './message.ts';
import { HOLD_MS } from './options.ts';
import type { LogParts } from './redis-log.ts';
import type { TopicFeed } from './topic-feed.ts';
import { BROADCAST } from './topic-scripts.ts';

interface Sending extends Task<void>, Broadcast {}

export class Broadcasts {
	readonly #parts: LogParts;
	readonly #lanes: Lanes<void, Sending>;
	/** Messages of our own that are expected over a channel, by name. */
	readonly #expected = new Map<string, PromiseWithResolvers<void>>();
	#count = 0;

	constructor(parts: LogParts) {
		this.#parts = parts;
		const { connection, isCluster, options } = parts;
		const isDown = (): boolean => connection.link === null;
		this.#lanes = new Lanes({ ...options, isCluster, isDown, send: (topics) => this.#send(topics) });
	}

	send(topic: TopicName, broadcast: Broadcast): Promise<void> {
		return new Promise((resolve, reject) => {
			this.#lanes.push({ topic, ...broadcast, size: broadcast.body.length, resolve, reject });
		});
	}

	flush(): Promise<void> {
		return this.#lanes.flush();
	}

	hear(feed: TopicFeed, { name, broadcasts }: Extract<ChannelMessage, { kind: 'broadcast' }>): void {
		for (const { body, conflationKey } of broadcasts) feed.broadcast(body, conflationKey);
		this.#expected.get(name)?.resolve();
	}

	async #send(topics: Map<TopicName, Sending[]>): Promise<void> {
		const { connection, keys, feeds, origin } = this.#parts;
		const args: string[] = [];
		const heard: Promise<void>[] = [];
		const names: string[] = [];
		for (const [topic, sendings] of topics) {
			const name = `${origin}.${(this.#count++).toString(36)}`;
			args.push(keys.topic(topic).channel, encodeBroadcasts(name, sendings));
			if (!feeds.has(topic)) continue;
			names.push(name);
			heard.push(this.#expect(name));
		}
		try {
			await connection.run(BROADCAST, ({ publish }) => ({ keys: [args[0] ?? ''], args: [publish, ...args] }));
			if (heard.length > 0) await this.#orLate(Promise.all(heard));
		} finally {
			for (const name of names) this.#expected.delete(name);
		}
		for (const sendings of topics.values()) for (const { resolve } of sendings) resolve();
	}

	#expect(name: string): Promise<void> {
		const heard = Promise.withResolvers<void>();
		this.#expected.set(name, heard);
		return heard.promise;
	}

	/** A channel may lose what is published. */
	async #orLate(heard: Promise<unknown>): Promise<void> {
		const { clock } = this.#parts.options;
		const late = Promise.withResolvers<void>();
		const timer = clock.setTimer(() => late.resolve(), HOLD_MS);
		await Promise.race([heard, late.promise]);
		clock.clearTimer(timer);
	}
}
