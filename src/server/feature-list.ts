// What features keep for one server: who is present, who is in a group. Each is made when it is first asked for, told what
// concerns all of them, and ends with the server. The core knows none of them.

import type { Clock } from '../base/clock.ts';
import type { ErrorHook } from './failure.ts';
import { withTimeout } from './timeout.ts';

export interface Feature {
	/** A connection has closed, whatever it used. */
	connectionClosed?(connectionId: string): void;
	/** The backplane is back: what was delivered meanwhile may be lost. */
	backplaneBack?(): void;
	/** The server takes no new connections any more. */
	draining?(): void;
	/** The server ends: its connections are closed, its backplane is still there. */
	stop?(): Promise<void>;
}

/** What cannot be told to the others in this time they find out by themselves. */
const STOP_MS = 2_000;

type MakeFeature<Parts, Kind extends Feature> = (parts: Parts) => Kind;

/** What this list itself needs of the server. */
interface FeatureHost {
	readonly clock: Clock;
	readonly onError: ErrorHook;
}

export class FeatureList<Parts extends FeatureHost> {
	readonly #parts: () => Parts;
	readonly #made = new Map<MakeFeature<Parts, Feature>, Feature>();

	/** @param parts known when the first feature is asked for */
	constructor(parts: () => Parts) {
		this.#parts = parts;
	}

	/** The one of this server, by the function that makes it. */
	get<Kind extends Feature>(make: MakeFeature<Parts, Kind>): Kind {
		let made = this.#made.get(make) as Kind | undefined; // what `make` has made
		if (made === undefined) this.#made.set(make, (made = make(this.#parts())));
		return made;
	}

	connectionClosed(connectionId: string): void {
		for (const feature of this.#made.values()) feature.connectionClosed?.(connectionId);
	}

	backplaneBack(): void {
		for (const feature of this.#made.values()) feature.backplaneBack?.();
	}

	draining(): void {
		for (const feature of this.#made.values()) feature.draining?.();
	}

	/** Ends all of them; what fails, or takes too long, is reported. */
	async stop(): Promise<void> {
		await Promise.all([...this.#made.values()].map((feature) => this.#end(feature)));
	}

	async #end(feature: Feature): Promise<void> {
		const { clock, onError } = this.#parts();
		try {
			await withTimeout(feature.stop?.(), { clock, limitMs: STOP_MS, what: 'ending what features keep' });
		} catch (error) {
			onError('', error, null);
		}
	}
}
