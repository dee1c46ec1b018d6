// Has what ended long ago deleted from the bucket, now and then, by one process of all.

import type { Timer } from '../../base/clock.ts';
import type { SharedStore } from '../../server/shared-store.ts';
import type { NatsSettings } from './options.ts';
import type { Records } from './records.ts';

/** Applications name their keys themselves, and none like this. */
const LEASE = '\u0000sweep';

export class Sweeper {
	readonly #records: Pick<Records, 'sweep'>;
	readonly #store: Pick<SharedStore, 'put'>;
	readonly #settings: Pick<NatsSettings, 'clock' | 'random' | 'sweepMs' | 'onError'>;
	#timer: Timer | null = null;

	constructor(
		records: Pick<Records, 'sweep'>,
		store: Pick<SharedStore, 'put'>,
		settings: Pick<NatsSettings, 'clock' | 'random' | 'sweepMs' | 'onError'>
	) {
		this.#records = records;
		this.#store = store;
		this.#settings = settings;
	}

	start(): void {
		const { clock, random, sweepMs } = this.#settings;
		this.#timer = clock.setTimer(() => void this.#sweep(), sweepMs * (0.5 + random()));
	}

	stop(): void {
		if (this.#timer !== null) this.#settings.clock.clearTimer(this.#timer);
		this.#timer = null;
	}

	async #sweep(): Promise<void> {
		const { sweepMs, onError } = this.#settings;
		try {
			const isOurs = (await this.#store.put(LEASE, '', { ttlMs: sweepMs / 2, version: 0 })) !== null;
			if (isOurs) await this.#records.sweep(sweepMs);
		} catch (error) {
			onError(error); // the next one finds it
		}
		if (this.#timer !== null) this.start();
	}
}
