// Values that were loaded for somebody who came back, kept for those who come back a little later: after a process has
// ended its clients return over some seconds, and what they cannot resume is loaded once for all of them. Whoever takes a
// kept value stands where they would if they had come first: they get the events behind it from the log.

import type { Clock } from '../base/clock.ts';
import type { SharedLoad } from './shared-load.ts';

/** As long as clients take to come back, first to last. */
const KEPT_MS = 5_000;

interface Kept {
	readonly load: SharedLoad;
	readonly forget: () => void;
}

export class KeptLoads {
	/** By what they load. Null where there are none, as most of the time. */
	#byKey: Map<string, Kept> | null = null;
	#isClosed = false;

	get(key: string): SharedLoad | undefined {
		return this.#byKey?.get(key)?.load;
	}

	/** Keeps what is loaded from when it is there, unless it is of nobody else's use. Again, it is not kept for longer. */
	keep(key: string, load: SharedLoad, clock: Pick<Clock, 'setTimer' | 'clearTimer'>): void {
		const begin = (): void => {
			if (this.#isClosed || load.personal || load.isStale || this.get(key) === load) return;
			this.#byKey?.get(key)?.forget();
			const timer = clock.setTimer(() => this.#byKey?.delete(key), KEPT_MS);
			(this.#byKey ??= new Map()).set(key, { load, forget: () => clock.clearTimer(timer) });
		};
		load.done.then(begin, () => {}); // who waits for it hears of its error
	}

	/** Nobody reads the topic any more. */
	close(): void {
		this.#isClosed = true;
		this.clear();
	}

	clear(): void {
		for (const { forget } of this.#byKey?.values() ?? []) forget();
		this.#byKey = null;
	}
}
