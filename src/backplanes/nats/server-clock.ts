// The time by the server that stores: what has expired is decided by it, whatever the clocks of processes say. It stamps
// what it stores, so a message that is stored and looked at tells its time to within a round trip.

import type { JetStream } from './jetstream.ts';
import type { Names } from './names.ts';
import type { NatsSettings } from './options.ts';
import { unavailable } from './unavailable.ts';

/** A monotonic clock strays less than a few milliseconds in this time. */
const FRESH_MS = 60_000;
const KEY = 'clock';

export class ServerClock {
	readonly #jetStream: JetStream;
	readonly #names: Names;
	readonly #clock: NatsSettings['clock'];
	/** What is added to this process's own time; null while it is not known. */
	#aheadMs: number | null = null;
	#serverId: string | null = null;
	#comparedAt = -Infinity;
	#comparing: Promise<void> | null = null;

	constructor(jetStream: JetStream, names: Names, { clock }: NatsSettings) {
		this.#jetStream = jetStream;
		this.#names = names;
		this.#clock = clock;
	}

	/** Resolves when `now` may be used. */
	async ready(): Promise<void> {
		if (this.#aheadMs === null || this.#serverId !== this.#jetStream.link.serverId) await this.#compareOnce();
		else if (this.#clock.now() - this.#comparedAt > FRESH_MS) this.#compareOnce().catch(() => {}); // the old one will do
	}

	/** Milliseconds since the Unix epoch. */
	now(): number {
		return this.#clock.now() + (this.#aheadMs ?? 0);
	}

	#compareOnce(): Promise<void> {
		return (this.#comparing ??= this.#compare().finally(() => (this.#comparing = null)));
	}

	async #compare(): Promise<void> {
		const { link } = this.#jetStream;
		const { serverId } = link;
		const subject = this.#names.keySubject(KEY);
		const before = this.#clock.now();
		const sequence = await this.#jetStream.store(subject, '', { expected: null, until: link.deadline() });
		const between = this.#clock.now();
		const last = await this.#jetStream.get(this.#names.bucket, { last_by_subj: subject });
		if (last === null) throw unavailable('it does not tell its time');
		// Another process may have stored its own since: later than ours, and before we were answered.
		const after = last.sequence === sequence ? between : this.#clock.now();
		this.#aheadMs = last.storedAt - (before + after) / 2;
		this.#serverId = serverId;
		this.#comparedAt = after;
	}
}
