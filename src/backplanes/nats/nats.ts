// Joins processes by a NATS server with JetStream. One stream has the logs of all topics, a subject each; what it has stored
// it publishes again, with its place, to whoever listens. So nothing is delivered that was not stored, and everybody hears
// it in the order of the log.

import { randomName } from '../../base/random.ts';
import type { Position } from '../../protocol/position.ts';
import type { EventBody } from '../../protocol/stream.ts';
import type { TopicName } from '../../protocol/topic.ts';
import type { Backplane, BackplaneStatus, Delivery, ReadResult } from '../../server/backplane.ts';
import type { SharedStore } from '../../server/shared-store.ts';
import { callStore, ForwardedStore } from '../shared/forwarded-store.ts';
import { openClient, type NatsConnectionLike, type NatsMessage } from './client.ts';
import { EphemeralEvents } from './ephemeral.ts';
import { JetStream } from './jetstream.ts';
import { Link } from './link.ts';
import { readLog } from './log-reader.ts';
import type { LogParts } from './log-topic.ts';
import { namesUnder, type Names } from './names.ts';
import { NatsStore } from './nats-store.ts';
import { settingsFrom, type NatsOptions, type NatsSettings } from './options.ts';
import { Records } from './records.ts';
import { ServerClock } from './server-clock.ts';
import { bucketConfig, logConfig } from './streams.ts';
import { Sweeper } from './sweeper.ts';
import { Topics, type Topic } from './topics.ts';
import { unavailable } from './unavailable.ts';

export interface NatsBackplane extends Backplane {
	/** How many messages on our subjects were not ours. */
	readonly dropped: number;
}

/** What there is between `start` and `stop`. */
interface Running {
	readonly link: Link;
	readonly jetStream: JetStream;
	readonly topics: Topics;
	readonly ephemeral: EphemeralEvents;
	readonly store: SharedStore;
	readonly sweeper: Sweeper;
}

class Nats implements NatsBackplane {
	readonly name = 'nats';
	/** There from the beginning: whoever uses it after `start` is made before. */
	readonly store: SharedStore = new ForwardedStore(async (call) => callStore(this.#parts.store, call));
	readonly #server: string | NatsConnectionLike;
	readonly #settings: NatsSettings;
	readonly #names: Names;
	#running: Running | null = null;
	#dropped = 0;
	/** When the stream was made: names it where several servers keep it. */
	#created = '';
	#deliver: (delivery: Delivery) => void = () => {};
	#onStatus: (status: BackplaneStatus) => void = () => {};

	constructor(server: string | NatsConnectionLike, settings: NatsSettings) {
		this.#server = server;
		this.#settings = settings;
		this.#names = namesUnder(settings.prefix);
	}

	get dropped(): number {
		return this.#dropped;
	}

	async start(deliver: (delivery: Delivery) => void, onStatus?: (status: BackplaneStatus) => void): Promise<void> {
		this.#deliver = deliver;
		this.#onStatus = onStatus ?? this.#onStatus;
		const process = randomName();
		const client = await openClient(this.#server, this.#settings);
		const link: Link = new Link(client, {
			settings: this.#settings,
			inbox: this.#names.inbox(process),
			events: { prepare: () => this.#prepare(jetStream), onStatus: (status) => this.#onStatus(status) }
		});
		const jetStream: JetStream = new JetStream(link, this.#settings.replicas);
		const topics = new Topics(this.#partsWith(jetStream));
		const ephemeral = new EphemeralEvents(link, this.#settings, process);
		this.#running = { link, jetStream, topics, ephemeral, ...this.#storeOn(jetStream) };
		try {
			await link.start();
			this.#running.sweeper.start();
		} catch (error) {
			await this.stop();
			throw error;
		}
	}

	async #prepare(jetStream: JetStream): Promise<void> {
		this.#created = await jetStream.ensure(logConfig(this.#names, this.#settings));
		await jetStream.ensure(bucketConfig(this.#names, this.#settings));
	}

	#partsWith(jetStream: JetStream): LogParts {
		return {
			jetStream,
			names: this.#names,
			settings: this.#settings,
			epochOf: (epoch) => `${this.#incarnation(jetStream.link)}.${epoch}`,
			deliver: (delivery) => this.#deliver(delivery),
			drop: (subject) => this.#drop(subject)
		};
	}

	#storeOn(jetStream: JetStream): Pick<Running, 'store' | 'sweeper'> {
		const settings = this.#settings;
		const names = this.#names;
		const time = new ServerClock(jetStream, names, settings);
		const records = new Records({ jetStream, names, settings, time, drop: (subject) => this.#drop(subject) });
		const store = new NatsStore(records);
		return { store, sweeper: new Sweeper(records, store, settings) };
	}

	/**
	 * What its server's data may have gone back to an older copy behind. A server that keeps the stream by itself may at every
	 * start, so its epochs end with it; servers of a cluster bring each other up to date.
	 */
	#incarnation({ isClustered, serverId }: Link): string {
		return isClustered ? Date.parse(this.#created).toString(36) : (serverId ?? '').slice(1, 21);
	}

	#drop(subject: string): void {
		this.#dropped++;
		this.#settings.onError(new Error(`tidewire: a message on the NATS subject "${subject}" is not ours`));
	}

	async stop(): Promise<void> {
		const running = this.#running;
		if (running === null) return;
		running.sweeper.stop();
		await running.topics.close();
		running.ephemeral.close();
		this.#running = null;
		await running.link.close();
	}

	/** @throws {LiveError} UNAVAILABLE where it is not started */
	get #parts(): Running {
		if (this.#running === null) throw unavailable('it is not started');
		return this.#running;
	}

	async subscribe(name: TopicName): Promise<Position> {
		const { topics, link } = this.#parts;
		const topic = topics.of(name);
		const { log } = topic;
		const subject = this.#names.topicSubject(log.token, '*');
		log.subscription ??= link.subscribe(subject, (message) => this.#hear(topic, message));
		return log.position();
	}

	unsubscribe(name: TopicName): void {
		this.#running?.topics.of(name).log.close();
	}

	#hear({ log }: Topic, message: NatsMessage): void {
		if (log.subscription === null) return;
		if (message.subject.endsWith('.now')) return this.#hearEphemeral(log.name, message);
		const found = log.hear(message);
		if (found !== null) log.stored(found);
	}

	#hearEphemeral(name: TopicName, message: NatsMessage): void {
		const isOurs = this.#parts.ephemeral.receive(message, ({ topic, body, conflationKey }) => {
			if (topic === name) this.#deliver({ topic, epoch: '', offset: 0, body, conflationKey });
			else this.#drop(message.subject);
		});
		if (!isOurs) this.#drop(message.subject);
	}

	head(name: TopicName): Promise<Position> {
		return this.#parts.topics.of(name).log.position();
	}

	append(name: TopicName, body: EventBody): Promise<Position> {
		return this.#parts.topics.append(name, body);
	}

	async broadcast(name: TopicName, body: EventBody, conflationKey: string | null): Promise<void> {
		const { topics, ephemeral } = this.#parts;
		const { log } = topics.of(name);
		const subject = this.#names.topicSubject(log.token, 'now');
		await ephemeral.publish(subject, { topic: name, body, conflationKey }, log.subscription !== null);
	}

	read(name: TopicName, after: Position): Promise<ReadResult> {
		const { topics, jetStream } = this.#parts;
		return readLog(topics.of(name).log, this.#partsWith(jetStream), after);
	}
}

/**
 * Joins the processes of an application by a NATS server with JetStream, 2.9 or later.
 * @param server `nats://host:4222`, several with commas between them, or a connection that the application opened with
 *   `@nats-io/transport-node` and closes by itself
 */
export function nats(server: string | NatsConnectionLike, options: NatsOptions = {}): NatsBackplane {
	return new Nats(server, settingsFrom(options));
}
