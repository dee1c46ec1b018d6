// Processes on one PostgreSQL database, as tests of its backplane use them: what each delivered, and waiting by looking.
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import type { PostgresBackplane, PostgresOptions } from '../../src/backplanes/postgres/postgres.ts';
import { postgres } from '../../src/backplanes/postgres/open.ts';
import { decodeEventBody } from '../../src/protocol/stream.ts';
import type { TopicName } from '../../src/protocol/topic.ts';
import type { Position } from '../../src/protocol/position.ts';
import type { BackplaneStatus, Delivery, LogEntry } from '../../src/server/backplane.ts';

export interface App {
	backplane: PostgresBackplane;
	delivered: Delivery[];
	statuses: BackplaneStatus[];
	followers: Follower[];
	/** The data of what was delivered. */
	seen(): unknown[];
}

/** Resolves when something is so. */
export async function until(is: () => boolean | Promise<boolean>, what: string, ms = 20_000): Promise<void> {
	const end = performance.now() + ms;
	while (!(await is())) {
		if (performance.now() > end) throw new Error(`it did not come to this: ${what}`);
		await delay(10);
	}
}

/** Everything that a test begins, ended with it. */
export class Apps {
	readonly #ends: (() => Promise<unknown>)[] = [];

	/** A started backplane that reads topics. */
	async start(url: string, topics: TopicName[] = [], options: PostgresOptions = {}): Promise<App> {
		const backplane = postgres(url, options);
		this.#ends.push(() => Promise.resolve(backplane.stop()));
		const app: App = {
			backplane,
			delivered: [],
			statuses: [],
			followers: [],
			seen: () => app.delivered.map(({ body }) => decodeEventBody(body).data)
		};
		await backplane.start(
			(delivery) => {
				app.delivered.push(delivery);
				for (const follower of app.followers) follower.take(delivery);
			},
			(status) => {
				app.statuses.push(status);
				if (status.available) for (const follower of app.followers) void follower.read();
			}
		);
		for (const topic of topics) await backplane.subscribe(topic);
		return app;
	}

	/** One that reads a topic as a client does. */
	async follow(app: App, topic: TopicName): Promise<Follower> {
		const follower = new Follower(app.backplane, topic, await app.backplane.subscribe(topic));
		app.followers.push(follower);
		return follower;
	}

	/** A client of the app's own. */
	async client(url: string): Promise<Client> {
		const client = new Client({ connectionString: url });
		client.on('error', () => {});
		await client.connect();
		this.#ends.push(() => client.end());
		return client;
	}

	/** Has something ended with the test. */
	end(end: () => Promise<unknown>): void {
		this.#ends.push(end);
	}

	async endAll(): Promise<void> {
		for (const end of this.#ends.splice(0).toReversed()) await end();
	}
}

/** Reads a topic as a client's stream does: by deliveries where they connect, by the log where they do not. */
export class Follower {
	readonly seen: unknown[] = [];
	/** How often what it had did not connect with the log any more. */
	resets = 0;
	position: Position;
	readonly #backplane: PostgresBackplane;
	readonly #topic: TopicName;
	#reading: Promise<void> | null = null;

	constructor(backplane: PostgresBackplane, topic: TopicName, position: Position) {
		this.#backplane = backplane;
		this.#topic = topic;
		this.position = position;
	}

	take(delivery: Delivery): void {
		if (delivery.topic !== this.#topic) return;
		const { epoch, offset } = this.position;
		if (delivery.epoch === epoch && delivery.offset <= offset) return;
		if (delivery.epoch === epoch && delivery.offset === offset + 1 && !this.#reading) this.#apply(epoch, delivery);
		else void this.read();
	}

	/** Looks into the log. Where it cannot be reached, the next delivery or look tries again. */
	read(): Promise<void> {
		this.#reading ??= this.#read().finally(() => (this.#reading = null));
		return this.#reading;
	}

	async #read(): Promise<void> {
		const result = await this.#backplane.read(this.#topic, this.position).catch(() => null);
		if (result === null) return;
		if (result.kind === 'events') {
			this.position = { epoch: result.epoch, offset: this.position.offset };
			for (const entry of result.entries) this.#apply(result.epoch, entry);
		} else {
			this.resets++;
			this.position = await this.#backplane.head(this.#topic);
		}
	}

	#apply(epoch: string, { offset, body }: LogEntry): void {
		if (offset !== this.position.offset + 1) throw new Error(`${offset} follows ${this.position.offset}`);
		this.position = { epoch, offset };
		this.seen.push(decodeEventBody(body).data);
	}
}
