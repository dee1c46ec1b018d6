// What this process has seen of the log, which the database is asked about when it comes back: whether it is the same one,
// and a later state of it. Invariant: nobody is served by an incarnation before what was seen in the last one was looked at.

import type { AppendedHead, Incarnation, Seen } from './log.ts';

export interface WitnessParts {
	join(seen: Seen): Promise<Incarnation>;
	/** How far topics were delivered in the last incarnation. */
	places(): Seen['places'];
}

export class Witness {
	readonly #parts: WitnessParts;
	#last: Incarnation = { name: '', lineage: '' };
	#wal = 0;

	constructor(parts: WitnessParts) {
		this.#parts = parts;
	}

	/** An append was acknowledged, so that the disk of the server has it. */
	stored({ incarnation, wal }: AppendedHead): void {
		if (incarnation === this.#last.name) this.#wal = Math.max(this.#wal, wal);
	}

	/** Returns the name of the present incarnation. */
	async join(): Promise<string> {
		const present = await this.#parts.join({ ...this.#last, wal: this.#wal, places: this.#parts.places() });
		if (present.name !== this.#last.name) this.#wal = 0;
		this.#last = present;
		return present.name;
	}
}
