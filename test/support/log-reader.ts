// One process that reads a topic as a server does: by a hub that fills holes from the log, and compares with it when the
// backplane is back.
import { decodeDown } from '../../src/protocol/down.ts';
import type { TopicName } from '../../src/protocol/topic.ts';
import type { Backplane, BackplaneStatus } from '../../src/server/backplane.ts';
import { Hub } from '../../src/server/hub.ts';
import type { HubTopic } from '../../src/server/hub-topic.ts';

export interface SeenEvent {
	offset: number;
	data: unknown;
}

export class LogReader {
	readonly backplane: Backplane;
	/** What a stream would be given since it was last reset. */
	seen: SeenEvent[] = [];
	/** How often it was told that what it has does not connect with the log. */
	resets = 0;
	readonly statuses: BackplaneStatus[] = [];
	readonly errors: unknown[] = [];
	readonly #hub: Hub;
	#topic: HubTopic | null = null;
	#changed = Promise.withResolvers<void>();

	constructor(backplane: Backplane) {
		this.backplane = backplane;
		this.#hub = new Hub(backplane, (error) => this.errors.push(error), { needsFlush: () => this.#hub.flush() });
	}

	async start(name: TopicName): Promise<this> {
		await this.backplane.start(
			(delivery) => this.#hub.receive(delivery),
			(status) => this.#heard(status)
		);
		this.#topic = await this.#hub.join(name);
		this.#topic.feeds.add({
			offset: 0,
			deliver: ({ text }) => this.#see(text),
			disconnected: () => this.#reset()
		});
		return this;
	}

	/** Where this process is in the log. */
	get position(): { epoch: string; offset: number } {
		return this.#topic?.head ?? { epoch: '', offset: 0 };
	}

	#heard(status: BackplaneStatus): void {
		this.statuses.push(status);
		if (status.available) this.#hub.check();
		this.#notify();
	}

	#see(text: string): void {
		for (const message of decodeDown(text)) {
			if (message.kind === 'event') this.seen.push({ offset: message.offset, data: message.data });
		}
		this.#notify();
	}

	#reset(): void {
		this.resets++;
		this.seen = [];
		this.#notify();
	}

	#notify(): void {
		this.#changed.resolve();
		this.#changed = Promise.withResolvers();
	}

	/** Resolves when it is so; looked at whenever anything was seen. */
	async until(isSo: (reader: this) => boolean): Promise<void> {
		while (!isSo(this)) await this.#changed.promise;
	}

	/** Looks for lost deliveries, as heartbeats do. */
	check(): void {
		this.#hub.check();
	}
}
