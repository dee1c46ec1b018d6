// This process among the others of its application: who else lives, what only one of them may do, messages between them,
// and what takes effect once.

import type { Clock } from '../../base/clock.ts';
import type { Backplane, Delivery } from '../backplane.ts';
import { Holdings } from './holdings.ts';
import { Leases } from './leases.ts';
import { Messenger } from './messenger.ts';
import { Once } from './once.ts';
import { withTimeout } from '../timeout.ts';
import { Roster } from './roster.ts';

export interface ProcessOptions {
	backplane: Backplane;
	clock: Clock;
	/** The name of this process: another one each time it starts. */
	id: string;
	/** Told of what fails in the background; it is tried again. */
	onError: (error: unknown) => void;
}

/** Whoever cannot leave in this time is missed in a few seconds more. */
const LEAVE_MS = 2_000;

export class LiveProcess {
	readonly roster: Roster;
	readonly leases: Leases;
	readonly messenger: Messenger;
	readonly once: Once;
	/** What ends with this process. */
	readonly holdings: Holdings;
	readonly #clock: Clock;
	readonly #onError: (error: unknown) => void;

	constructor({ backplane, clock, id, onError }: ProcessOptions) {
		this.#clock = clock;
		this.#onError = onError;
		const { store } = backplane;
		// A process with a recipe is alone with its store: nobody would miss it.
		const alone = backplane.recipe !== undefined;
		this.roster = new Roster({ store, clock, id, onError, alone });
		this.leases = new Leases({ store, clock, holder: id });
		this.messenger = new Messenger({ backplane, clock, process: id, onError });
		this.once = new Once({ store, clock, roster: this.roster });
		this.holdings = new Holdings({ store, clock, roster: this.roster, onError });
	}

	/** Resolves when the others know of it. The backplane has been started. */
	async start(): Promise<void> {
		await this.roster.start();
		this.holdings.start();
	}

	/** Leaves. The backplane is stopped afterwards. */
	async stop(): Promise<void> {
		this.messenger.stop();
		this.once.stop();
		try {
			// The timer also keeps the process alive that has nothing else left to do.
			await withTimeout(this.#leave(), {
				clock: this.#clock,
				limitMs: LEAVE_MS,
				what: 'leaving the other processes'
			});
		} catch (error) {
			this.#onError(error); // the others miss it in a few seconds
		}
	}

	async #leave(): Promise<void> {
		await this.holdings.stop();
		await this.roster.stop();
	}

	/** Whether a delivery of the backplane was one of its own. */
	receive(delivery: Delivery): boolean {
		return this.messenger.receive(delivery);
	}
}
