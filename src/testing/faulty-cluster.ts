// Several processes on one log, joined by a network that loses, repeats, delays and reorders what it carries. The log
// itself is sound: offsets are given out in the order of the calls, and reading finds every event.

import type { Clock } from '../base/clock.ts';
import { LiveError } from '../base/errors.ts';
import { MemoryStore } from '../backplanes/memory/memory-store.ts';
import { callStore, ForwardedStore } from '../backplanes/shared/forwarded-store.ts';
import { TopicLog } from '../backplanes/memory/topic-log.ts';
import type { Position } from '../protocol/position.ts';
import type { EventBody } from '../protocol/stream.ts';
import type { TopicName } from '../protocol/topic.ts';
import type { Backplane, Delivery, ReadResult } from '../server/backplane.ts';
import type { SharedStore } from '../server/shared-store.ts';
import type { Random } from './random.ts';

export interface ClusterFaults {
	/** Probability that a delivery to another process is lost. */
	lose: number;
	/** Probability that it comes twice. */
	repeat: number;
	/** Probability that reading the log fails. */
	failRead: number;
	/** The longest way of anything, in milliseconds; ways differ, so that what left later may arrive earlier. */
	maxDelayMs: number;
}

export const NO_FAULTS: Readonly<ClusterFaults> = { lose: 0, repeat: 0, failRead: 0, maxDelayMs: 0 };

export interface ClusterOptions {
	clock: Clock;
	random: Random;
	/** Asked at every use: changing the object changes the network. */
	faults: ClusterFaults;
	/** The most events that a topic keeps. @default 4096 */
	events?: number;
}

export class FaultyCluster {
	readonly #options: ClusterOptions;
	readonly #members = new Set<Member>();
	/** @internal */
	readonly store: SharedStore;
	#logs = new Map<TopicName, TopicLog>();
	#epoch = 1;

	constructor(options: ClusterOptions) {
		this.#options = options;
		this.store = new MemoryStore(options.clock);
	}

	/** The backplane of one more process. */
	member(): Backplane {
		return new Member(this, this.#options);
	}

	/** The log is lost and begins anew, as a cache does that was restarted empty. */
	loseLog(): void {
		this.#epoch++;
		this.#logs = new Map();
	}

	/** @internal */
	log(topic: TopicName): TopicLog {
		let log = this.#logs.get(topic);
		if (!log) {
			const bounds = { events: this.#options.events ?? 4_096, characters: Infinity };
			this.#logs.set(topic, (log = new TopicLog(`log${this.#epoch}`, bounds)));
		}
		return log;
	}

	/** @internal */
	enter(member: Member): void {
		this.#members.add(member);
	}

	/** @internal */
	exit(member: Member): void {
		this.#members.delete(member);
	}

	/** Carries a delivery to the other processes, or not. @internal */
	carry(from: Member, delivery: Delivery): void {
		const { random, faults } = this.#options;
		for (const member of this.#members) {
			if (member === from || random.chance(faults.lose)) continue;
			member.deliverLater(delivery);
			if (random.chance(faults.repeat)) member.deliverLater(delivery);
		}
	}
}

class Member implements Backplane {
	readonly name = 'faulty cluster';
	readonly store: SharedStore;
	readonly #cluster: FaultyCluster;
	readonly #options: ClusterOptions;
	/** Counts how often a topic was subscribed and left, so that a late subscription knows that it is not wanted. */
	readonly #wishes = new Map<TopicName, number>();
	readonly #subscribed = new Set<TopicName>();
	#deliver: ((delivery: Delivery) => void) | null = null;

	constructor(cluster: FaultyCluster, options: ClusterOptions) {
		this.#cluster = cluster;
		this.#options = options;
		this.store = new ForwardedStore(async (call) => {
			await this.#travel();
			const result = callStore(cluster.store, call);
			await this.#travel();
			return result;
		});
	}

	start(deliver: (delivery: Delivery) => void): void {
		this.#deliver = deliver;
		this.#cluster.enter(this);
	}

	stop(): void {
		this.#deliver = null;
		this.#cluster.exit(this);
	}

	async subscribe(topic: TopicName): Promise<Position> {
		const wish = (this.#wishes.get(topic) ?? 0) + 1;
		this.#wishes.set(topic, wish);
		await this.#travel();
		if (this.#wishes.get(topic) === wish) this.#subscribed.add(topic);
		const { head } = this.#cluster.log(topic);
		await this.#travel();
		return head;
	}

	unsubscribe(topic: TopicName): void {
		this.#wishes.set(topic, (this.#wishes.get(topic) ?? 0) + 1);
		this.#subscribed.delete(topic);
	}

	async head(topic: TopicName): Promise<Position> {
		await this.#travel();
		const { head } = this.#cluster.log(topic);
		await this.#travel();
		return head;
	}

	async append(topic: TopicName, body: EventBody): Promise<Position> {
		const position = this.#cluster.log(topic).append(body);
		const delivery = { topic, ...position, body, conflationKey: null };
		this.#cluster.carry(this, delivery);
		await this.#travel();
		this.#take(delivery);
		return position;
	}

	async broadcast(topic: TopicName, body: EventBody, conflationKey: string | null): Promise<void> {
		const delivery = { topic, epoch: '', offset: 0, body, conflationKey };
		this.#cluster.carry(this, delivery);
		this.#take(delivery);
	}

	async read(topic: TopicName, after: Position): Promise<ReadResult> {
		await this.#travel();
		if (this.#options.random.chance(this.#options.faults.failRead)) {
			throw new LiveError('UNAVAILABLE', 'the log could not be read');
		}
		const result = this.#cluster.log(topic).read(after);
		await this.#travel();
		return result;
	}

	deliverLater(delivery: Delivery): void {
		void this.#travel().then(() => this.#take(delivery));
	}

	#take(delivery: Delivery): void {
		if (this.#subscribed.has(delivery.topic)) this.#deliver?.(delivery);
	}

	#travel(): Promise<void> {
		const { clock, random, faults } = this.#options;
		const delayMs = random.below(faults.maxDelayMs + 1);
		if (delayMs === 0) return Promise.resolve();
		return new Promise((resolve) => void clock.setTimer(resolve, delayMs));
	}
}
